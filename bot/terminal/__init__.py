"""What people type: what each command does on a working tree or a clone, in 80 columns."""
