"""The edge: GitHub, git, the web server, the terminal."""
