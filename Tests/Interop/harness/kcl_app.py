"""The record processor that the Kinesis Client Library's daemon starts once for each shard.

It appends what it sees to a file of its own beside the one that `KCL_OUT` names: `R SHARD NUMBER DATA` for a record,
`B` and `E` for a shard's begin and end.
"""

import os

from amazon_kclpy import kcl
from amazon_kclpy.v3 import processor


class Processor(processor.RecordProcessorBase):
    def __init__(self):
        self.out = open(f"{os.environ['KCL_OUT']}.{os.getpid()}", "a", buffering=1)
        self.shard = None

    def initialize(self, initialize_input):
        self.shard = initialize_input.shard_id
        self.out.write(f"B {self.shard}\n")

    def process_records(self, process_records_input):
        for record in process_records_input.records:
            self.out.write(f"R {self.shard} {record.sequence_number} {record.binary_data.decode()}\n")
        if process_records_input.records:
            process_records_input.checkpointer.checkpoint()

    def lease_lost(self, lease_lost_input):
        pass

    def shard_ended(self, shard_ended_input):
        shard_ended_input.checkpointer.checkpoint()
        self.out.write(f"E {self.shard}\n")

    def shutdown_requested(self, shutdown_requested_input):
        shutdown_requested_input.checkpointer.checkpoint()


if __name__ == "__main__":
    kcl.KCLProcess(Processor()).run()
