"""Tests run in the same surroundings for everybody, however pytest was started."""

from staff.environment import plain_environment, settle

settle(plain_environment())
