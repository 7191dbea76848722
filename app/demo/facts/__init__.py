"""Facts about device families: which models exist, in which configurations, since when, at what price."""
