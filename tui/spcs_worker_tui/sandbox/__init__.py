"""A local stand-in for the SPCS part of a Snowflake account, with real work behind it.

It speaks the wire protocol that the unmodified Snowflake connector and the `snow` command line
speak. It imports nothing of the rest of the package: client and sandbox meet only on the wire,
so that one mistaken field name cannot hide in both.

    wire/        HTTP: logins, sessions, tokens, queries, uploads
    sql/         tokens, grammar, syntax tree
    catalogue/   the account's objects, who may do what, and the answer to each statement
    reconciler/  from the desired state to the actual one: nodes, instances, containers
    runtimes/    what a container really is: a process, or a script
    prefect/     a real Prefect server and the gate in front of it
    demo/        the fleet that `--sandbox` shows
"""
