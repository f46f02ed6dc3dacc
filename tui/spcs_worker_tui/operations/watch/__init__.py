"""Keeping one picture of the fleet, by polling, with as few statements as will do.

    watcher      the whole: starts the loops, joins their parts into one picture, has it judged
    connection   one saved connection: its services, compute pools and images
    looking      which services get a closer look this time
    work_pools   one Prefect API: its work pools
    latest       hands the newest picture to every reader
    pace         how often, how much, how long to back off
    supplied     what the project's settings say where the account shows a role no spec
    once         the one look that a script needs

Data flows one way: session -> connection watch -> picture -> judge -> readers.
"""
