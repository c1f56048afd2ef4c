"""The web chat: a backend for one frontend, which keeps people's tokens, so that their browsers never hold one."""
