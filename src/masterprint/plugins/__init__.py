"""Other people's plugins: finding them, and running each in a process of its own."""
