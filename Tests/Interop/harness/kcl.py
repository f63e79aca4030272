"""A worker that issues the requests of the Kinesis Client Library, version 2 or 3, and consumes a stream with them.

The requests are KCL's to the letter: legacy `Expected` and `AttributeUpdates` on leases, the enhanced client's generated
expressions for worker metrics, the lock client's conditions for the leader. Timing is faster. A worker is a thread;
`kill` stops it where it stands, as a process that dies.
"""

import threading
import time
import uuid

import boto3
import botocore.config
from botocore.exceptions import ClientError, EndpointConnectionError, ConnectionClosedError, HTTPClientError

from harness import clients

INDEX = "LeaseOwnerToLeaseKeyIndex"
ENDED = "SHARD_END"
FAILOVER = 3.0
GONE = (EndpointConnectionError, ConnectionClosedError, HTTPClientError)


def aws(service, server, **more):
    """A boto3 client with the SDK's usual retries, as an application has it."""
    config = botocore.config.Config(retries={"max_attempts": 8, "mode": "standard"}, connect_timeout=5, read_timeout=20,
                                    max_pool_connections=8)
    return boto3.client(service, endpoint_url=server.endpoint_url, region_name=clients.REGION,
                        aws_access_key_id=clients.ACCOUNT, aws_secret_access_key="secret", config=config, **more)


def is_lost(error):
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"


class Journal:
    """What all workers of an application did, in the order in which they did it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.records = []      # (worker, lease, sequence number, key, data)
        self.owners = {}       # (lease, counter) → worker
        self.doubles = []
        self.handoffs = []

    def saw(self, worker, lease, records):
        with self.lock:
            self.records += [(worker, lease, int(r["SequenceNumber"]), r["PartitionKey"], r["Data"]) for r in records]

    def owns(self, worker, lease, counter):
        """Each value of a lease's counter is written once: by the worker that owns the lease from then on."""
        with self.lock:
            other = self.owners.setdefault((lease, counter), worker)
            if other != worker:
                self.doubles.append((lease, counter, other, worker))

    def data(self):
        with self.lock:
            return {record[4] for record in self.records}


class Worker(threading.Thread):
    """One worker of an application. `version` is KCL's, 2 or 3."""

    def __init__(self, server, application, stream, journal, version=3, fan_out=False, name=None):
        super().__init__(daemon=True, name=name or f"worker-{uuid.uuid4().hex[:6]}")
        self.dynamo, self.kinesis, self.cloudwatch = (aws(s, server) for s in ("dynamodb", "kinesis", "cloudwatch"))
        self.table, self.stream, self.journal, self.version, self.fan_out = application, stream, journal, version, fan_out
        self.killed, self.stopping, self.failure = threading.Event(), threading.Event(), None
        self.held = {}         # lease key → lease, as last written by this worker
        self.positions = {}    # lease key → shard iterator
        self.seen = {}         # lease key → (counter, since)
        self.consumer_arn = None
        self.lock_version = None
        self.expired_first_seen = None

    def kill(self):
        self.killed.set()

    def shut_down(self):
        self.stopping.set()
        self.join(30)
        assert not self.is_alive()
        if self.failure:
            raise self.failure

    def run(self):
        try:
            self.initialize()
            ticks = 0
            while not self.killed.is_set() and not self.stopping.is_set():
                try:
                    self.tick(ticks)
                except GONE:
                    time.sleep(0.2)
                ticks += 1
                self.killed.wait(0.05)
            if self.stopping.is_set():
                for key in list(self.held):
                    self.evict(key)
        except Exception as failure:  # noqa: BLE001 - shown by shut_down
            self.failure = failure

    # Tables

    def initialize(self):
        self.create_table()
        if self.version == 3:
            self.create_index()
            self.put_state("Migration3.0", {"cv": {"S": "CLIENT_VERSION_3X"}, "mb": {"S": self.name}, "mts": {"N": "1"},
                                            "h": {"L": []}, "entityType": {"S": "CLIENT_VERSION_MIGRATION"}})
        self.sync_shards()
        if self.fan_out:
            self.register()

    def create_table(self):
        try:
            status = self.dynamo.describe_table(TableName=self.table)["Table"]["TableStatus"]
        except self.dynamo.exceptions.ResourceNotFoundException:
            definition = {"TableName": self.table, "KeySchema": [{"AttributeName": "leaseKey", "KeyType": "HASH"}],
                          "AttributeDefinitions": [{"AttributeName": "leaseKey", "AttributeType": "S"}]}
            if self.version == 3:
                definition |= {"BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": False,
                               "Tags": [{"Key": "application", "Value": self.table}]}
            else:
                definition["ProvisionedThroughput"] = {"ReadCapacityUnits": 10, "WriteCapacityUnits": 10}
            try:
                self.dynamo.create_table(**definition)
            except self.dynamo.exceptions.ResourceInUseException:
                pass
            status = self.dynamo.describe_table(TableName=self.table)["Table"]["TableStatus"]
        assert status == "ACTIVE"

    def create_index(self):
        def described():
            table = self.dynamo.describe_table(TableName=self.table)["Table"]
            return {i["IndexName"]: i["IndexStatus"] for i in table.get("GlobalSecondaryIndexes", [])}
        if INDEX not in described():
            try:
                answer = self.dynamo.update_table(
                    TableName=self.table,
                    AttributeDefinitions=[{"AttributeName": "leaseOwner", "AttributeType": "S"},
                                          {"AttributeName": "leaseKey", "AttributeType": "S"}],
                    GlobalSecondaryIndexUpdates=[{"Create": {
                        "IndexName": INDEX, "Projection": {"ProjectionType": "KEYS_ONLY"},
                        "KeySchema": [{"AttributeName": "leaseOwner", "KeyType": "HASH"},
                                      {"AttributeName": "leaseKey", "KeyType": "RANGE"}]}}])
                assert answer["TableDescription"]["GlobalSecondaryIndexes"][0]["IndexName"] == INDEX
            except ClientError as error:
                assert error.response["Error"]["Code"] in ("ValidationException", "ResourceInUseException")
        assert described()[INDEX] == "ACTIVE"

    def put_state(self, key, attributes):
        """Coordinator state: made by the worker that comes first."""
        try:
            self.dynamo.put_item(TableName=self.table, Item={"leaseKey": {"S": key}, **attributes},
                                 Expected={"leaseKey": {"Exists": False}})
        except ClientError as error:
            assert is_lost(error)

    def register(self):
        summary = self.kinesis.describe_stream_summary(StreamName=self.stream)["StreamDescriptionSummary"]
        named = {"StreamARN": summary["StreamARN"], "ConsumerName": self.table}
        try:
            consumer = self.kinesis.describe_stream_consumer(**named)["ConsumerDescription"]
        except self.kinesis.exceptions.ResourceNotFoundException:
            try:
                consumer = self.kinesis.register_stream_consumer(**named)["Consumer"]
            except self.kinesis.exceptions.ResourceInUseException:
                consumer = self.kinesis.describe_stream_consumer(**named)["ConsumerDescription"]
        self.consumer_arn = consumer["ConsumerARN"]

    # Leases

    def tick(self, ticks):
        if self.version == 3 and ticks % 5 == 0:
            self.lead()
            self.report_metrics()
        if ticks % 10 == 0:
            self.publish()
        leases = self.list_leases()
        self.renew()
        self.take(leases)
        for key in list(self.held):
            if self.killed.is_set():
                return
            if self.may_begin(key, leases):
                self.consume(key)

    def sync_shards(self):
        shards = clients.list_shards(self.kinesis, self.stream)
        known = {lease["leaseKey"]["S"] for lease in self.list_leases()}
        ids = {shard["ShardId"] for shard in shards}
        for shard in shards:
            # Children get their leases at the end of their parents.
            if shard["ShardId"] not in known and shard.get("ParentShardId") not in ids:
                self.create_lease(shard["ShardId"], shard["HashKeyRange"], [])

    def create_lease(self, key, hash_range, parents):
        item = {"leaseKey": {"S": key}, "leaseCounter": {"N": "0"}, "ownerSwitchesSinceCheckpoint": {"N": "0"},
                "checkpoint": {"S": "TRIM_HORIZON"}, "checkpointSubSequenceNumber": {"N": "0"},
                "startingHashKey": {"S": hash_range["StartingHashKey"]}, "endingHashKey": {"S": hash_range["EndingHashKey"]}}
        if parents:
            item["parentShardId"] = {"SS": parents}
        if self.version == 3:
            item["entityType"] = {"S": "LEASE"}
        try:
            self.dynamo.put_item(TableName=self.table, Item=item, Expected={"leaseKey": {"Exists": False}})
        except ClientError as error:
            assert is_lost(error)

    def list_leases(self):
        """Version 3 scans in parallel segments and filters by the type of an entity."""
        scan = {"TableName": self.table, "ConsistentRead": True}
        if self.version == 2:
            pages = [scan]
        else:
            scan |= {"FilterExpression": "entityType = :entityType", "ExpressionAttributeValues": {":entityType": {"S": "LEASE"}}}
            pages = [{**scan, "Segment": segment, "TotalSegments": 2} for segment in range(2)]
        leases = []
        for page in pages:
            while True:
                answer = self.dynamo.scan(**page)
                leases += answer["Items"]
                if "LastEvaluatedKey" not in answer:
                    break
                page["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return [lease for lease in leases if "checkpoint" in lease]

    def update(self, lease, updates, expected=None):
        """Changes a lease that nobody else has changed since; returns it, or None when somebody has."""
        key = lease["leaseKey"]["S"]
        owner = lease.get("leaseOwner")
        condition = {"leaseCounter": {"Value": lease["leaseCounter"]},
                     "leaseOwner": {"Value": owner} if owner else {"Exists": False}, **(expected or {})}
        counter = str(int(lease["leaseCounter"]["N"]) + 1)
        request = {"TableName": self.table, "Key": {"leaseKey": {"S": key}}, "Expected": condition, "ReturnValues": "ALL_NEW",
                   "AttributeUpdates": {"leaseCounter": {"Value": {"N": counter}, "Action": "PUT"}, **updates}}
        if self.version == 3:
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            changed = self.dynamo.update_item(**request)["Attributes"]
        except ClientError as error:
            if not is_lost(error):
                raise
            if self.version == 3 and error.response.get("Item"):
                # The answer to an earlier try was lost: the lease is as this worker wrote it.
                item = error.response["Item"]
                wanted = {name: u["Value"] for name, u in updates.items() if u["Action"] == "PUT"}
                if item["leaseCounter"]["N"] == counter and item.get("leaseOwner", {}).get("S") == self.name \
                        and all(item.get(name) == value for name, value in wanted.items()):
                    return item
            return None
        if changed.get("leaseOwner", {}).get("S") == self.name:
            self.journal.owns(self.name, key, counter)
        return changed

    def renew(self):
        for key, lease in list(self.held.items()):
            self.keep(key, self.update(lease, {}))

    def keep(self, key, lease):
        if lease is None:
            self.held.pop(key, None)
            self.positions.pop(key, None)
        else:
            self.held[key] = lease

    def take(self, leases):
        """Takes what nobody renews, up to a fair share, and one lease of the worker that has too many."""
        now = time.monotonic()
        owners, free = {}, []
        for lease in leases:
            key, counter = lease["leaseKey"]["S"], lease["leaseCounter"]["N"]
            if lease["checkpoint"]["S"] == ENDED and "leaseOwner" not in lease:
                continue
            before = self.seen.get(key)
            if before is None or before[0] != counter:
                self.seen[key] = before = (counter, now)
            owner = lease.get("leaseOwner", {}).get("S")
            if owner is None or (owner != self.name and now - before[1] > FAILOVER):
                if lease["checkpoint"]["S"] != ENDED:
                    free.append(lease)
            else:
                owners.setdefault(owner, []).append(lease)
        owners.setdefault(self.name, [])
        live = sum(len(held) for held in owners.values()) + len(free)
        share = -(-live // len(owners))
        for lease in free[:max(0, share - len(self.held))]:
            self.claim(lease)
        needed = share - len(self.held)
        if not free and needed > 0:
            # As KCL: from the worker with most, what is over the share, and one when two are wanted.
            most = max(owners.values(), key=len)
            over = min(needed, len(most) - share)
            for lease in most[:over if over > 0 else int(needed > 1 and len(most) == share)]:
                self.claim(lease)

    def claim(self, lease):
        switches = str(int(lease["ownerSwitchesSinceCheckpoint"]["N"]) + 1)
        taken = self.update(lease, {"leaseOwner": {"Value": {"S": self.name}, "Action": "PUT"},
                                    "ownerSwitchesSinceCheckpoint": {"Value": {"N": switches}, "Action": "PUT"}})
        if taken is not None and not self.killed.is_set():
            self.held[taken["leaseKey"]["S"]] = taken

    def evict(self, key):
        lease = self.held.pop(key)
        self.update(lease, {"leaseOwner": {"Action": "DELETE"}})

    def hand_over(self, key, successor):
        """A graceful hand-off of version 3: the successor is named, and reads once the checkpoint is this worker's last."""
        lease = self.update(self.held[key], {"leaseOwner": {"Value": {"S": successor.name}, "Action": "PUT"},
                                             "checkpointOwner": {"Value": {"S": self.name}, "Action": "PUT"}},
                            expected={"checkpointOwner": {"Exists": False}})
        assert lease["checkpointOwner"]["S"] == self.name and lease["leaseOwner"]["S"] == successor.name
        self.held.pop(key)
        self.positions.pop(key, None)
        released = self.update(lease, {"checkpointOwner": {"Action": "DELETE"}})
        assert "checkpointOwner" not in released
        successor.held[key] = released

    # Records

    def may_begin(self, key, leases):
        """A shard is read when its parents are at their end, or are gone from the table."""
        parents = set(self.held[key].get("parentShardId", {}).get("SS", []))
        return all(lease["checkpoint"]["S"] == ENDED for lease in leases if lease["leaseKey"]["S"] in parents)

    def consume(self, key):
        lease = self.held[key]
        if lease["checkpoint"]["S"] == ENDED:
            return self.evict(key)
        records, children, ended = self.subscribe(lease) if self.fan_out else self.get_records(key, lease)
        if self.killed.is_set():
            return
        if records:
            self.journal.saw(self.name, key, records)
            self.checkpoint(key, records[-1]["SequenceNumber"])
        if ended and key in self.held:
            self.end(key, children)

    def starting_position(self, lease):
        checkpoint = lease["checkpoint"]["S"]
        if checkpoint == "TRIM_HORIZON":
            return {"Type": "TRIM_HORIZON"}
        return {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": checkpoint}

    def get_records(self, key, lease):
        if key not in self.positions:
            start = self.starting_position(lease)
            start["ShardIteratorType"] = start.pop("Type")
            if "SequenceNumber" in start:
                start["StartingSequenceNumber"] = start.pop("SequenceNumber")
            self.positions[key] = self.kinesis.get_shard_iterator(StreamName=self.stream, ShardId=key, **start)["ShardIterator"]
        try:
            answer = self.kinesis.get_records(ShardIterator=self.positions[key], Limit=500)
        except self.kinesis.exceptions.ExpiredIteratorException:
            del self.positions[key]
            return [], [], False
        self.positions[key] = answer.get("NextShardIterator")
        return answer["Records"], answer.get("ChildShards", []), self.positions[key] is None

    def subscribe(self, lease):
        """One event with records, or the end, of a subscription of its own."""
        try:
            answer = self.kinesis.subscribe_to_shard(ConsumerARN=self.consumer_arn, ShardId=lease["leaseKey"]["S"],
                                                     StartingPosition=self.starting_position(lease))
        except self.kinesis.exceptions.ResourceInUseException:
            return [], [], False
        for event in answer["EventStream"]:
            event = event.get("SubscribeToShardEvent", {})
            children = event.get("ChildShards") or []
            answer["EventStream"].close()
            return event.get("Records", []), children, bool(children)
        return [], [], False

    def checkpoint(self, key, sequence_number, more=None):
        changed = self.update(self.held[key], {
            "checkpoint": {"Value": {"S": sequence_number}, "Action": "PUT"},
            "checkpointSubSequenceNumber": {"Value": {"N": "0"}, "Action": "PUT"},
            "ownerSwitchesSinceCheckpoint": {"Value": {"N": "0"}, "Action": "PUT"},
            "pendingCheckpoint": {"Action": "DELETE"}, "pendingCheckpointSubSequenceNumber": {"Action": "DELETE"},
            "pendingCheckpointState": {"Action": "DELETE"}, **(more or {})})
        self.keep(key, changed)
        return changed is not None

    def end(self, key, children):
        """The leases of the children come first, then the end of the parent."""
        for child in children:
            self.create_lease(child["ShardId"], child["HashKeyRange"], child["ParentShards"])
        more = {"childShardIds": {"Value": {"SS": [child["ShardId"] for child in children]}, "Action": "PUT"}}
        if self.checkpoint(key, ENDED, more):
            self.evict(key)

    # What version 3 has beside its leases

    def lead(self):
        """The lock client: an item that its holder renews, and others take when it has not changed for a while."""
        name = {"#pk": "leaseKey"}
        version = str(uuid.uuid4())
        item = {"leaseKey": {"S": "Leader"}, "ownerName": {"S": self.name}, "leaseDuration": {"S": "1000"},
                "recordVersionNumber": {"S": version}, "entityType": {"S": "LEADER"}}
        try:
            if self.lock_version:
                self.dynamo.update_item(
                    TableName=self.table, Key={"leaseKey": {"S": "Leader"}},
                    ConditionExpression="attribute_exists(#pk) AND #rvn = :rvn AND #on = :on",
                    UpdateExpression="SET #ld = :ld, #rvn = :newRvn",
                    ExpressionAttributeNames={**name, "#rvn": "recordVersionNumber", "#on": "ownerName", "#ld": "leaseDuration"},
                    ExpressionAttributeValues={":rvn": {"S": self.lock_version}, ":on": {"S": self.name}, ":ld": {"S": "1000"},
                                               ":newRvn": {"S": version}})
                self.lock_version = version
                return
            held = self.dynamo.get_item(TableName=self.table, Key={"leaseKey": {"S": "Leader"}}, ConsistentRead=True).get("Item")
            if held is None:
                self.dynamo.put_item(TableName=self.table, Item=item, ConditionExpression="attribute_not_exists(#pk)",
                                     ExpressionAttributeNames=name)
                self.lock_version = version
                return
            now, number = time.monotonic(), held["recordVersionNumber"]["S"]
            if self.expired_first_seen is None or self.expired_first_seen[0] != number:
                self.expired_first_seen = (number, now)
            elif now - self.expired_first_seen[1] > FAILOVER:
                self.dynamo.put_item(TableName=self.table, Item=item,
                                     ConditionExpression="attribute_exists(#pk) AND #rvn = :rvn",
                                     ExpressionAttributeNames={**name, "#rvn": "recordVersionNumber"},
                                     ExpressionAttributeValues={":rvn": {"S": number}})
                self.lock_version = version
        except ClientError as error:
            assert is_lost(error), error
            self.lock_version = None

    def report_metrics(self):
        """As the enhanced client writes an item: a SET of generated names."""
        values = {"lut": {"N": str(int(time.time()))}, "opr": {"M": {"C": {"L": [{"N": "80.0"}]}}},
                  "sts": {"M": {"C": {"L": [{"N": "12.5"}, {"N": "13.0"}]}}}, "entityType": {"S": "WORKER_METRIC_STATS"},
                  "properties": {"M": {}}}
        self.dynamo.update_item(
            TableName=self.table, Key={"leaseKey": {"S": self.name}},
            UpdateExpression="SET " + ", ".join(f"#AMZN_MAPPED_{n} = :AMZN_MAPPED_{n}" for n in values),
            ExpressionAttributeNames={f"#AMZN_MAPPED_{n}": n for n in values},
            ExpressionAttributeValues={f":AMZN_MAPPED_{n}": v for n, v in values.items()})

    def owned_by_index(self):
        """What the index says that this worker owns."""
        answer = self.dynamo.query(TableName=self.table, IndexName=INDEX, KeyConditionExpression="leaseOwner = :leaseOwner",
                                   ExpressionAttributeValues={":leaseOwner": {"S": self.name}})
        return {item["leaseKey"]["S"] for item in answer["Items"]}

    def publish(self):
        self.cloudwatch.put_metric_data(Namespace=self.table, MetricData=[
            {"MetricName": "NumberOfLeases", "Value": float(len(self.held)), "Unit": "Count",
             "Dimensions": [{"Name": "Operation", "Value": "RenewAllLeases"}]}])
