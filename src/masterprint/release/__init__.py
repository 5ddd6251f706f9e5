"""Albums: from mastered tracks to what is sold."""
