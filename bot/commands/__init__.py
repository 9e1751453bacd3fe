"""What each console command does. Imported only when its command runs, so that ``--help`` is quick."""
