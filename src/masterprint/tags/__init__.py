"""What a file says of itself: titles, codes, credits and pictures, in every container."""
