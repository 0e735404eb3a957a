"""What dependency installs read and write, one module for each ecosystem."""
