"""From recorded cases to tickets: the same lines and texts at another time, in customers' words, among other
people's mail."""
