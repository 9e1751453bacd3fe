"""When the bot may write to a customer by itself: pure rules over frozen values. docs/automatic-answers.md tells
them in prose."""
