"""A stateful quixstreams application that copies a topic exactly once, until it is terminated.

    copy_exactly_once.py BOOTSTRAP GROUP INPUT OUTPUT STATE_DIRECTORY
"""

import sys

from quixstreams import Application


def count(value, state):
    total = state.get("count", 0) + 1
    state.set("count", total)
    return {"value": value, "count": total}


bootstrap, group, source, target, directory = sys.argv[1:]
application = Application(broker_address=bootstrap, consumer_group=group, auto_offset_reset="earliest", commit_every=50,
                          processing_guarantee="exactly-once", state_dir=directory,
                          # A member that was killed is missed sooner.
                          consumer_extra_config={"session.timeout.ms": 6000})
records = application.dataframe(application.topic(source, value_deserializer="int", key_deserializer="str"))
records.apply(count, stateful=True).to_topic(application.topic(target, value_serializer="json"))
application.run()
