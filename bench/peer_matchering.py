"""Matchering, as its README shows it: `peer_matchering.py MIX REFERENCE MASTER`."""

import sys

import matchering

target, reference, master = sys.argv[1:]
matchering.process(target=target, reference=reference, results=[matchering.pcm24(master)])
