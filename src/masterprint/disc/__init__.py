"""The compact disc: layout, rules, cue sheets, CD-Text, DDP."""
