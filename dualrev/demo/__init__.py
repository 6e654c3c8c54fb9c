"""The main job: a certified regression, fitted with exact and with differenced Jacobians."""
