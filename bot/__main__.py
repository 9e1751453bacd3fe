"""``python -m bot`` is the console command ``triage``."""

from bot.cli import main

if __name__ == "__main__":
    main()
