"""What came with a ticket and needs a program to be read: pictures and archives, each in a process with limits of
its own."""
