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


def test_terraforms_sequence(scene):
    """aws_kinesis_stream: create, wait, retention, metrics, encryption, tags; each again with what is set already."""
    server, client, stream, arn = scene
    for _ in range(2):
        client.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
        client.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["IncomingBytes", "OutgoingBytes"])
        client.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
        client.add_tags_to_stream(StreamName=stream, Tags={"Name": "orders", "team": "a b"})
        client.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
        client.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=2048)
    for described in (summary(client, stream), client.describe_stream(StreamName=stream)["StreamDescription"]):
        assert described["StreamStatus"] == "ACTIVE"
        assert described["RetentionPeriodHours"] == 48
        assert described["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["IncomingBytes", "OutgoingBytes"]}]
        assert (described["EncryptionType"], described["KeyId"]) == ("KMS", "alias/aws/kinesis")
        assert described["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert summary(client, stream)["MaxRecordSizeInKiB"] == 2048
    tags = client.list_tags_for_stream(StreamName=stream)
    assert tags["Tags"] == [{"Key": "Name", "Value": "orders"}, {"Key": "team", "Value": "a b"}]
    assert not tags["HasMoreTags"]
    client.put_record(StreamName=stream, PartitionKey="k", Data=bytes(1_900_000))

    client.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=24)
    client.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    client.stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    client.remove_tags_from_stream(StreamName=stream, TagKeys=["Name", "never there"])
    client.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    described = summary(client, stream)
    assert described["RetentionPeriodHours"] == 24
    assert described["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]
    assert described["EncryptionType"] == "NONE" and "KeyId" not in described
    assert described["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert client.list_tags_for_stream(StreamName=stream)["Tags"] == [{"Key": "team", "Value": "a b"}]


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


def test_tags_and_policies_of_a_consumer(scene):
    _, client, _, arn = scene
    consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName="c", Tags={"k": "v"})["Consumer"]["ConsumerARN"]
    client.tag_resource(ResourceARN=consumer, Tags={"l": "w"})
    client.put_resource_policy(ResourceARN=consumer, Policy='{"Version": "2012-10-17"}')
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
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kinesis:*"}]})
    client.put_resource_policy(ResourceARN=arn, Policy=policy)
    assert client.get_resource_policy(ResourceARN=arn)["Policy"] == policy
    client.delete_resource_policy(ResourceARN=arn)
    missing = refused(client, client.delete_resource_policy, ResourceARN=arn)
    assert missing == f"ResourceNotFoundException: No resource policy found for resource ARN {arn}."
    assert "InvalidArgumentException" in refused(client, client.put_resource_policy, ResourceARN=arn, Policy="no")


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
