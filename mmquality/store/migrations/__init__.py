"""Alembic's environment: how a workspace's database comes from any earlier schema to this one."""
