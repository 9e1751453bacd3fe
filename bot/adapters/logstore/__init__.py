"""Where server lines are kept and searched. What is shared by all back-ends lies here, each back-end
below."""
