"""The dashboards of Hyperion: one module each, and what they share."""
