"""Whether, and to whom, the bot may answer by itself: pure rules."""
