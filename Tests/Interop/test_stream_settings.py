"""What infrastructure as code sets of a stream: Terraform's sequence of calls, with AWS's rules and texts."""

import json

import pytest
from confluent_kafka.admin import ConfigResource

from harness import clients, java_like
from harness.java_like import Client


@pytest.fixture
def scene(server):
    client = clients.kinesis(server)
    stream = clients.create_stream(server, clients.unique("iac"), shards=2, client=client)
    return server, client, stream, summary(client, stream)["StreamARN"]


def summary(client, stream):
    return client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]


def refused(client, call, **arguments):
    """`Code: message` of a refused call."""
    with pytest.raises(client.exceptions.ClientError) as refusal:
        call(**arguments)
    error = refusal.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


class Terraform:
    """The calls of terraform-provider-aws, in its order: after each change it waits until the summary says ACTIVE."""

    def __init__(self, client, name):
        self.client, self.name = client, name

    def wait(self):
        described = summary(self.client, self.name)
        assert described["StreamStatus"] == "ACTIVE", "a wait costs the user ten seconds"
        return described

    def create(self, *, shards=None, mode=None, hours=24, metrics=(), key=None, tags=None, kib=None):
        self.client.describe_limits()
        arguments = {"ShardCount": shards} if shards else {}
        arguments |= {"StreamModeDetails": {"StreamMode": mode}} if mode else {}
        arguments |= {"Tags": tags} if tags else {}
        arguments |= {"MaxRecordSizeInKiB": kib} if kib else {}
        self.client.create_stream(StreamName=self.name, **arguments)
        self.arn = self.wait()["StreamARN"]
        self.client.increase_stream_retention_period(StreamName=self.name, RetentionPeriodHours=hours)
        self.wait()
        if metrics:
            self.client.enable_enhanced_monitoring(StreamName=self.name, ShardLevelMetrics=list(metrics))
            self.wait()
        if key:
            self.client.start_stream_encryption(StreamName=self.name, EncryptionType="KMS", KeyId=key)
            self.wait()
        return self.read()

    def read(self):
        described = self.wait()
        metrics = [name for each in described["EnhancedMonitoring"] for name in each["ShardLevelMetrics"]]
        mode = described["StreamModeDetails"]["StreamMode"]
        return {"shards": described["OpenShardCount"] if mode == "PROVISIONED" else None, "mode": mode,
                "hours": described["RetentionPeriodHours"], "metrics": set(metrics), "key": described.get("KeyId"),
                "kib": described["MaxRecordSizeInKiB"],
                "tags": {tag["Key"]: tag["Value"] for tag in self.client.list_tags_for_stream(StreamName=self.name)["Tags"]}}

    def update(self, before, **wanted):
        """Only what differs is called for."""
        changed = {name for name, value in wanted.items() if before[name] != value}
        if "mode" in changed:
            self.client.update_stream_mode(StreamARN=self.arn, StreamModeDetails={"StreamMode": wanted["mode"]})
            self.wait()
        if "shards" in changed:
            self.client.update_shard_count(StreamName=self.name, TargetShardCount=wanted["shards"],
                                           ScalingType="UNIFORM_SCALING")
            self.wait()
        if "hours" in changed:
            call = (self.client.increase_stream_retention_period if wanted["hours"] > before["hours"]
                    else self.client.decrease_stream_retention_period)
            call(StreamName=self.name, RetentionPeriodHours=wanted["hours"])
            self.wait()
        if gone := before["metrics"] - wanted.get("metrics", before["metrics"]):
            self.client.disable_enhanced_monitoring(StreamName=self.name, ShardLevelMetrics=list(gone))
            self.wait()
        if new := wanted.get("metrics", before["metrics"]) - before["metrics"]:
            self.client.enable_enhanced_monitoring(StreamName=self.name, ShardLevelMetrics=list(new))
            self.wait()
        if "key" in changed and wanted["key"]:
            self.client.start_stream_encryption(StreamName=self.name, EncryptionType="KMS", KeyId=wanted["key"])
            self.wait()
        elif "key" in changed:
            self.client.stop_stream_encryption(StreamName=self.name, EncryptionType="KMS", KeyId=before["key"])
            self.wait()
        if "kib" in changed:
            self.client.update_max_record_size(StreamARN=self.arn, MaxRecordSizeInKiB=wanted["kib"])
            self.wait()
        if gone := set(before["tags"]) - set(wanted.get("tags", before["tags"])):
            self.client.remove_tags_from_stream(StreamName=self.name, TagKeys=list(gone))
        if new := {k: v for k, v in wanted.get("tags", {}).items() if before["tags"].get(k) != v}:
            self.client.add_tags_to_stream(StreamName=self.name, Tags=new)
        return self.read()

    def destroy(self, enforce=False):
        self.client.delete_stream(StreamName=self.name, EnforceConsumerDeletion=enforce)
        assert "ResourceNotFoundException" in refused(
            self.client, self.client.describe_stream_summary, StreamName=self.name)


def test_terraforms_sequence_of_a_provisioned_stream(server):
    resource = Terraform(clients.kinesis(server), clients.unique("iac"))
    state = resource.create(shards=2, hours=48, metrics=["IncomingBytes"], key="alias/aws/kinesis", tags={"Name": "a b"})
    assert state == {"shards": 2, "mode": "PROVISIONED", "hours": 48, "metrics": {"IncomingBytes"}, "kib": 1024,
                     "key": "alias/aws/kinesis", "tags": {"Name": "a b"}}
    assert resource.update(state) == state, "a plan without changes"
    wanted = {"shards": 3, "mode": "PROVISIONED", "hours": 24, "metrics": {"OutgoingBytes", "IteratorAgeMilliseconds"},
              "kib": 2048, "key": None, "tags": {"Name": "c", "team": ""}}
    assert resource.update(state, **wanted) == wanted
    resource.client.put_record(StreamName=resource.name, PartitionKey="k", Data=bytes(1_900_000))
    assert resource.update(wanted, mode="ON_DEMAND")["shards"] is None
    resource.destroy()


def test_terraforms_sequence_of_an_on_demand_stream(server):
    resource = Terraform(clients.kinesis(server), clients.unique("iac"))
    state = resource.create(mode="ON_DEMAND", kib=4096)
    assert (state["mode"], state["shards"], state["hours"], state["kib"]) == ("ON_DEMAND", None, 24, 4096)
    back = resource.update(state, mode="PROVISIONED", shards=6)
    assert (back["mode"], back["shards"]) == ("PROVISIONED", 6)
    resource.destroy()


def test_terraforms_sequence_of_a_consumer_and_a_policy(server):
    """aws_kinesis_stream_consumer and aws_kinesis_resource_policy on top of a stream."""
    client = clients.kinesis(server)
    resource = Terraform(client, clients.unique("iac"))
    resource.create(shards=1)
    consumer = client.register_stream_consumer(StreamARN=resource.arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    described = client.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]
    assert (described["ConsumerStatus"], described["StreamARN"]) == ("ACTIVE", resource.arn)
    for arn in (resource.arn, consumer):
        for policy in (allow_everything(arn), '{"Version":"2012-10-17","Statement":[]}'):
            client.put_resource_policy(ResourceARN=arn, Policy=policy)
            client.put_resource_policy(ResourceARN=arn, Policy=policy)
            assert client.get_resource_policy(ResourceARN=arn)["Policy"] == policy
        client.delete_resource_policy(ResourceARN=arn)
    assert "ResourceInUseException" in refused(client, client.delete_stream, StreamName=resource.name)
    client.deregister_stream_consumer(ConsumerARN=consumer)
    assert "ResourceNotFoundException" in refused(client, client.describe_stream_consumer, ConsumerARN=consumer)
    client.register_stream_consumer(StreamARN=resource.arn, ConsumerName="d")
    resource.destroy(enforce=True)


def test_cloudformations_sequence(server):
    """AWS::Kinesis::Stream: sets by name, reads by DescribeStreamSummary and both tag calls, again and again."""
    client, name = clients.kinesis(server), clients.unique("cfn")
    client.create_stream(StreamName=name, ShardCount=1, StreamModeDetails={"StreamMode": "PROVISIONED"}, Tags={"k": "v"})
    arn = summary(client, name)["StreamARN"]
    for _ in range(2):
        client.increase_stream_retention_period(StreamARN=arn, RetentionPeriodHours=168)
        client.start_stream_encryption(StreamARN=arn, EncryptionType="KMS", KeyId="alias/aws/kinesis")
        client.update_shard_count(StreamARN=arn, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
        client.enable_enhanced_monitoring(StreamARN=arn, ShardLevelMetrics=["ALL"])
        client.tag_resource(ResourceARN=arn, Tags={"l": "w"})
        described = summary(client, name)
        assert (described["RetentionPeriodHours"], described["OpenShardCount"]) == (168, 2)
        assert len(described["EnhancedMonitoring"][0]["ShardLevelMetrics"]) == 7
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
        {"Key": "k", "Value": "v"}, {"Key": "l", "Value": "w"}]
    client.delete_stream(StreamARN=arn)


def test_account_settings(new_server):
    server = new_server()
    client = clients.kinesis(server)
    assert client.describe_account_settings()["MinimumThroughputBillingCommitment"] == {"Status": "DISABLED"}
    enabled = client.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    commitment = enabled["MinimumThroughputBillingCommitment"]
    assert commitment["Status"] == "ENABLED"
    assert (commitment["EarliestAllowedEndAt"] - commitment["StartedAt"]).total_seconds() == 86_400
    again = client.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    assert again["MinimumThroughputBillingCommitment"] == commitment, "setting what is set already changes nothing"
    server.restart()
    client = clients.kinesis(server)
    assert client.describe_account_settings()["MinimumThroughputBillingCommitment"] == commitment
    ended = client.update_account_settings(MinimumThroughputBillingCommitment={"Status": "DISABLED"})
    assert ended["MinimumThroughputBillingCommitment"]["Status"] == "ENABLED_UNTIL_EARLIEST_ALLOWED_END"
    assert "ValidationException" in refused(
        client, client.update_account_settings, MinimumThroughputBillingCommitment={"Status": "MAYBE"})


def test_both_generations_of_tag_calls_see_the_same(scene):
    _, client, stream, arn = scene
    client.tag_resource(ResourceARN=arn, Tags={"b": "2", "a": "1", "c": ""})
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
        {"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}, {"Key": "c", "Value": ""}]
    page = client.list_tags_for_stream(StreamName=stream, Limit=2)
    assert [tag["Key"] for tag in page["Tags"]] == ["a", "b"] and page["HasMoreTags"]
    page = client.list_tags_for_stream(StreamName=stream, ExclusiveStartTagKey="b")
    assert [tag["Key"] for tag in page["Tags"]] == ["c"] and not page["HasMoreTags"]
    client.untag_resource(ResourceARN=arn, TagKeys=["a", "c"])
    assert [tag["Key"] for tag in client.list_tags_for_resource(ResourceARN=arn)["Tags"]] == ["b"]
    too_many = refused(client, client.add_tags_to_stream, StreamName=stream, Tags={f"k{n}": "v" for n in range(50)})
    assert too_many == (f"InvalidArgumentException: Failed to add tags to stream {stream} under account {clients.ACCOUNT} "
                        "because a given stream cannot have more than 50 tags associated with it.")
    assert "invalid characters" in refused(client, client.tag_resource, ResourceARN=arn, Tags={"k?": "v"})
    assert "ResourceNotFoundException" in refused(client, client.tag_resource, ResourceARN=arn + "-not", Tags={"k": "v"})


def allow_everything(arn):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "kinesis:*", "Resource": arn}]})


def test_tags_and_policies_of_a_consumer(scene):
    _, client, _, arn = scene
    consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName="c", Tags={"k": "v"})["Consumer"]["ConsumerARN"]
    client.tag_resource(ResourceARN=consumer, Tags={"l": "w"})
    client.put_resource_policy(ResourceARN=consumer, Policy=allow_everything(consumer))
    assert client.list_tags_for_resource(ResourceARN=consumer)["Tags"] == [
        {"Key": "k", "Value": "v"}, {"Key": "l", "Value": "w"}]
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    client.deregister_stream_consumer(ConsumerARN=consumer)
    again = client.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    assert client.list_tags_for_resource(ResourceARN=again)["Tags"] == []
    assert client.get_resource_policy(ResourceARN=again)["Policy"] == "{}"


def test_a_resource_policy_is_kept(scene):
    _, client, _, arn = scene
    assert client.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"
    policy = allow_everything(arn)
    client.put_resource_policy(ResourceARN=arn, Policy=policy)
    assert client.get_resource_policy(ResourceARN=arn)["Policy"] == policy
    client.delete_resource_policy(ResourceARN=arn)
    missing = refused(client, client.delete_resource_policy, ResourceARN=arn)
    assert missing == f"ResourceNotFoundException: No resource policy found for resource ARN {arn}."
    for bad in ("no", policy.replace("Allow", "Permit"), policy.replace('"Resource"', '"Ressource"'),
                policy[:-3] + ', "Condition": {"StringMatches": {"aws:username": "x"}}}]}', policy + " " * 21_000):
        assert "InvalidArgumentException" in refused(client, client.put_resource_policy, ResourceARN=arn, Policy=bad)


def test_retention_texts(scene):
    _, client, stream, _ = scene
    increase, decrease = client.increase_stream_retention_period, client.decrease_stream_retention_period
    increase(StreamName=stream, RetentionPeriodHours=8760)
    assert refused(client, increase, StreamName=stream, RetentionPeriodHours=72) == (
        f"InvalidArgumentException: Requested retention period (72 hours) for stream {stream} can not be shorter than "
        "existing retention period (8760 hours). Use DecreaseRetentionPeriod API.")
    decrease(StreamName=stream, RetentionPeriodHours=25)
    assert refused(client, decrease, StreamName=stream, RetentionPeriodHours=26) == (
        f"InvalidArgumentException: Requested retention period (26 hours) for stream {stream} can not be longer than "
        "existing retention period (25 hours). Use IncreaseRetentionPeriod API.")
    assert refused(client, decrease, StreamName=stream, RetentionPeriodHours=23) == (
        "InvalidArgumentException: Minimum allowed retention period is 24 hours. "
        "Requested retention period (23 hours) is too short.")
    assert refused(client, increase, StreamName=stream, RetentionPeriodHours=8761) == (
        "InvalidArgumentException: Maximum allowed retention period is 8760 hours. "
        "Requested retention period (8761 hours) is too long.")


def test_kafka_sees_retention_and_record_size(scene):
    server, client, stream, arn = scene
    client.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=100)
    client.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=4096)
    resource = ConfigResource(ConfigResource.Type.TOPIC, stream)
    described = clients.admin(server).describe_configs([resource])[resource].result(20)
    configs = {name: entry.value for name, entry in described.items()}
    assert configs["retention.ms"] == str(100 * 3_600_000)
    assert int(configs["max.message.bytes"]) // 1024 == 4096


def test_enhanced_monitoring_answers_before_and_after(scene):
    _, client, stream, arn = scene
    answer = client.enable_enhanced_monitoring(StreamARN=arn, ShardLevelMetrics=["IteratorAgeMilliseconds"])
    assert (answer["StreamName"], answer["StreamARN"]) == (stream, arn)
    assert (answer["CurrentShardLevelMetrics"], answer["DesiredShardLevelMetrics"]) == ([], ["IteratorAgeMilliseconds"])
    answer = client.enable_enhanced_monitoring(StreamARN=arn, ShardLevelMetrics=["ALL"])
    assert answer["CurrentShardLevelMetrics"] == ["IteratorAgeMilliseconds"] and len(answer["DesiredShardLevelMetrics"]) == 7
    answer = client.disable_enhanced_monitoring(StreamARN=arn, ShardLevelMetrics=["IncomingBytes"])
    assert len(answer["CurrentShardLevelMetrics"]) == 7 and len(answer["DesiredShardLevelMetrics"]) == 6


def test_modes_distribution_and_warm_throughput(scene):
    _, client, stream, arn = scene
    needs = refused(client, client.update_stream_warm_throughput, StreamARN=arn, WarmThroughputMiBps=100)
    assert needs.startswith("ValidationException: ")
    client.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"}, WarmThroughputMiBps=50)
    assert summary(client, stream)["WarmThroughput"] == {"TargetMiBps": 50, "CurrentMiBps": 50}
    answer = client.update_stream_warm_throughput(StreamName=stream, WarmThroughputMiBps=100)
    assert answer["WarmThroughput"] == {"TargetMiBps": 100, "CurrentMiBps": 100} and answer["StreamARN"] == arn
    client.update_stream_record_distribution_strategy(StreamARN=arn, RecordDistributionStrategy="AUTO")
    assert summary(client, stream)["RecordDistributionStrategy"] == "AUTO"
    assert "InvalidArgumentException" in refused(
        client, client.update_stream_mode, StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    client.update_stream_record_distribution_strategy(StreamARN=arn, RecordDistributionStrategy="USER_PARTITION_KEY")
    client.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    assert "WarmThroughput" not in summary(client, stream)


def test_limits_of_the_account(scene):
    _, client, _, _ = scene
    limits = client.describe_limits()
    assert limits["OpenShardCount"] >= 2 and limits["ShardLimit"] > limits["OpenShardCount"]
    assert limits["OnDemandStreamCountLimit"] > limits["OnDemandStreamCount"] >= 0


def test_settings_outlive_a_restart(new_server):
    server = new_server()
    client = clients.kinesis(server)
    stream = clients.create_stream(server, "kept", client=client)
    arn = summary(client, stream)["StreamARN"]
    client.add_tags_to_stream(StreamName=stream, Tags={"k": "v"})
    client.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId="key")
    client.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    client.register_stream_consumer(StreamARN=arn, ConsumerName="c")
    before = summary(client, stream)
    server.restart()
    client = clients.kinesis(server)
    assert summary(client, stream) == before
    assert client.list_tags_for_stream(StreamName=stream)["Tags"] == [{"Key": "k", "Value": "v"}]


def test_the_java_sdk_sets_them_in_cbor(scene):
    server, client, stream, arn = scene
    with Client(server.kinesis) as java:
        assert java.call("AddTagsToStream", StreamName=stream, Tags={"k": "v"}) == {}
        assert java.call("ListTagsForStream", StreamName=stream) == {"Tags": [{"Key": "k", "Value": "v"}], "HasMoreTags": False}
        with pytest.raises(java_like.KinesisError) as missing:
            java.call("UpdateStreamMode", StreamARN=arn)
        assert missing.value.message == (
            "1 validation error detected: Value null at 'streamModeDetails' failed to satisfy constraint: Member must not be null")
