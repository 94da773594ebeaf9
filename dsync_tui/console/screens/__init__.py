"""One file a screen: the seven views of the home screen, and what is pushed on top of it."""
