"""Operate Prefect workers that run in Snowpark Container Services, from a terminal."""
