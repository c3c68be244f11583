"""The Numba tracker: Kalman filter, association, lifecycle, identity across gaps; MOTChallenge in and out."""
