"""The subset of DynamoDB and CloudWatch that the server answers, as the SDKs see it."""

import json
import urllib.request
import zlib

import boto3
import pytest
from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError

from harness import clients
from harness.kcl import aws


@pytest.fixture(scope="module")
def dynamo(server):
    return aws("dynamodb", server)


@pytest.fixture
def table(dynamo):
    name = clients.unique("table")
    dynamo.create_table(TableName=name, KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
                        AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
                        BillingMode="PAY_PER_REQUEST")
    dynamo.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    return name


def refused(call, code, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return caught.value.response


def key(text="k"):
    return {"leaseKey": {"S": text}}


def test_the_life_of_a_table(dynamo, table):
    described = dynamo.describe_table(TableName=table)["Table"]
    assert described["TableStatus"] == "ACTIVE" and described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert described["TableArn"] == f"arn:aws:dynamodb:{clients.REGION}:{clients.ACCOUNT}:table/{table}"
    assert described["TableSizeBytes"] == 0 and described["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert dynamo.describe_table(TableName=described["TableArn"])["Table"]["TableName"] == table
    assert table in dynamo.list_tables()["TableNames"]
    refused(dynamo.create_table, "ResourceInUseException", TableName=table, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}])
    dynamo.update_table(TableName=table, DeletionProtectionEnabled=True)
    refused(dynamo.delete_table, "ValidationException", TableName=table)
    dynamo.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamo.tag_resource(ResourceArn=described["TableArn"], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    dynamo.untag_resource(ResourceArn=described["TableArn"], TagKeys=["a"])
    assert dynamo.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"] == [{"Key": "b", "Value": "2"}]
    dynamo.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    backups = dynamo.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert dynamo.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    dynamo.delete_table(TableName=table)
    dynamo.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    error = refused(dynamo.describe_table, "ResourceNotFoundException", TableName=table)
    assert error["Error"]["Message"] == f"Requested resource not found: Table: {table} not found"
    refused(dynamo.get_item, "ResourceNotFoundException", TableName=table, Key=key())


def test_every_type_of_attribute_comes_back(server, table):
    resource = boto3.resource("dynamodb", endpoint_url=server.endpoint_url, region_name=clients.REGION,
                              aws_access_key_id=clients.ACCOUNT, aws_secret_access_key="s").Table(table)
    from decimal import Decimal
    item = {"leaseKey": "ключ \"quoted\" \\ \n", "n": Decimal("-12.5"), "b": Binary(bytes(range(256))), "t": True, "f": False,
            "null": None, "ss": {"a", "b"}, "ns": {Decimal(1), Decimal("2.5")}, "bs": {Binary(b"x"), Binary(b"y")},
            "l": [1, "two", [3, {"deep": ["x"]}]], "m": {"inner": {"x": Decimal(1)}}, "": "", "empty": "", "big": "ü" * 50_000}
    resource.put_item(Item=item)
    got = resource.get_item(Key={"leaseKey": item["leaseKey"]}, ConsistentRead=True)["Item"]
    assert got == item
    assert resource.scan()["Items"] == [item]
    partial = resource.get_item(Key={"leaseKey": item["leaseKey"]}, ProjectionExpression="n, #t",
                                ExpressionAttributeNames={"#t": "t"})["Item"]
    assert partial == {"n": Decimal("-12.5"), "t": True}


def test_conditions_of_both_generations(dynamo, table):
    dynamo.put_item(TableName=table, Item={**key(), "leaseCounter": {"N": "1"}}, Expected={"leaseKey": {"Exists": False}})
    refused(dynamo.put_item, "ConditionalCheckFailedException", TableName=table, Item=key(), Expected={"leaseKey": {"Exists": False}})
    refused(dynamo.put_item, "ConditionalCheckFailedException", TableName=table, Item=key(),
            ConditionExpression="attribute_not_exists(leaseKey)")
    error = refused(dynamo.update_item, "ConditionalCheckFailedException", TableName=table, Key=key(),
                    Expected={"leaseCounter": {"Value": {"N": "7"}}}, ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    AttributeUpdates={"leaseCounter": {"Value": {"N": "8"}, "Action": "PUT"}})
    assert error["Item"] == {**key(), "leaseCounter": {"N": "1"}}
    assert error["Error"]["Message"] == "The conditional request failed"
    answer = dynamo.update_item(TableName=table, Key=key(), Expected={"leaseCounter": {"Value": {"N": "1.0"}}},
                                AttributeUpdates={"leaseCounter": {"Value": {"N": "2"}, "Action": "ADD"}}, ReturnValues="ALL_NEW")
    assert answer["Attributes"]["leaseCounter"] == {"N": "3"}
    answer = dynamo.update_item(TableName=table, Key=key(), UpdateExpression="SET leaseCounter = leaseCounter + :one REMOVE x",
                                ConditionExpression="leaseCounter < :ten AND NOT attribute_exists(#o)",
                                ExpressionAttributeNames={"#o": "leaseOwner"}, ReturnValues="UPDATED_NEW",
                                ExpressionAttributeValues={":one": {"N": "1"}, ":ten": {"N": "10"}})
    assert answer["Attributes"] == {"leaseCounter": {"N": "4"}}
    refused(dynamo.delete_item, "ConditionalCheckFailedException", TableName=table, Key=key(),
            ConditionExpression="#key = :value AND attribute_exists (leaseKey)", ExpressionAttributeNames={"#key": "leaseCounter"},
            ExpressionAttributeValues={":value": {"N": "5"}})
    assert dynamo.delete_item(TableName=table, Key=key(), ReturnValues="ALL_OLD")["Attributes"]["leaseCounter"] == {"N": "4"}


def test_a_repeated_transaction_is_answered_and_not_carried_out_again(dynamo, table):
    """SDKs give each transaction a token, so that one whose answer was lost can be sent again."""
    put = {"Put": {"TableName": table, "Item": {"leaseKey": {"S": "once"}, "n": {"N": "1"}},
                   "ConditionExpression": "attribute_not_exists(leaseKey)"}}
    for _ in range(2):
        dynamo.transact_write_items(TransactItems=[put], ClientRequestToken="the-token")
    refused(dynamo.transact_write_items, "TransactionCanceledException", TransactItems=[put], ClientRequestToken="another")
    other = {"Delete": {"TableName": table, "Key": {"leaseKey": {"S": "once"}}}}
    refused(dynamo.transact_write_items, "IdempotentParameterMismatchException", TransactItems=[other],
            ClientRequestToken="the-token")
    dynamo.transact_write_items(TransactItems=[other], ClientRequestToken="a third")


def test_transactions_and_batches(dynamo, table):
    dynamo.transact_write_items(TransactItems=[
        {"Put": {"TableName": table, "Item": {**key("a"), "ownerName": {"S": "me"}},
                 "ConditionExpression": "attribute_not_exists(leaseKey)"}},
        {"Put": {"TableName": table, "Item": key("b")}}])
    error = refused(dynamo.transact_write_items, "TransactionCanceledException", TransactItems=[
        {"ConditionCheck": {"TableName": table, "Key": key("a"), "ConditionExpression": "ownerName = :owner",
                            "ExpressionAttributeValues": {":owner": {"S": "other"}}}},
        {"Delete": {"TableName": table, "Key": key("b")}}])
    assert [reason["Code"] for reason in error["CancellationReasons"]] == ["ConditionalCheckFailed", "None"]
    assert dynamo.scan(TableName=table, Select="COUNT")["Count"] == 2
    dynamo.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": key("a")}}, {"PutRequest": {"Item": key("c")}}]})
    got = dynamo.batch_get_item(RequestItems={table: {"Keys": [key("a"), key("b"), key("c")]}})
    assert sorted(item["leaseKey"]["S"] for item in got["Responses"][table]) == ["b", "c"] and not got["UnprocessedKeys"]


def test_pages_and_segments(dynamo, table):
    for number in range(30):
        dynamo.put_item(TableName=table, Item={**key(f"k{number:02}"), "even": {"BOOL": number % 2 == 0}})
    pages = list(dynamo.get_paginator("scan").paginate(TableName=table, PaginationConfig={"PageSize": 7}))
    assert [page["Count"] for page in pages] == [7, 7, 7, 7, 2]
    segments = [dynamo.scan(TableName=table, Segment=i, TotalSegments=4)["Items"] for i in range(4)]
    assert sorted(item["leaseKey"]["S"] for items in segments for item in items) == [f"k{n:02}" for n in range(30)]
    answer = dynamo.scan(TableName=table, FilterExpression="#e = :yes", ExpressionAttributeNames={"#e": "even"},
                         ExpressionAttributeValues={":yes": {"BOOL": True}})
    assert answer["Count"] == 15 and answer["ScannedCount"] == 30
    refused(dynamo.query, "ValidationException", TableName=table, IndexName="missing", KeyConditionExpression="a = :a",
            ExpressionAttributeValues={":a": {"S": "x"}})


def post(server, body, target=None, path="/", signed=True, **headers):
    headers = {"Content-Type": "application/x-amz-json-1.0", **headers}
    if target:
        headers["X-Amz-Target"] = target
    if signed:
        headers |= {"X-Amz-Date": "20261130T000000Z", "Authorization": "AWS4-HMAC-SHA256 Credential=123456789012/20261130/"
                    "us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=abc"}
    request = urllib.request.Request(server.endpoint_url + path, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"x"', b'{"TableName": 1}', b'{"TableName": "t", "Key": {"k": {"N": 5}}}',
    b'{"TableName": "t", "Key": ' + b'{"M":' * 500 + b"1" + b"}" * 500 + b"}", b'{"TableName": "t", "Key": {"k": {}}}',
    b'{"TableName": "t", "Key": {"k": {"S": "a", "N": "1"}}}', b'{"TableName": "t", "Key": {"k": {"B": "@@"}}}',
    b'{"TableName": "t", "Key": {"k": {"N": "' + b"9" * 1000 + b'"}}}', b'{"TableName": "t", "Key": {"k": {"SS": []}}}',
    b'{"TableName": "t"}', b"{}", b'\xff\xfe', b'{"TableName": "\xed\xa0\x80"}',
])
@pytest.mark.parametrize("operation", ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Scan", "Query", "TransactWriteItems",
                                       "BatchGetItem", "BatchWriteItem", "CreateTable", "UpdateTable", "ListTagsOfResource"])
def test_bad_requests_are_refused(server, body, operation):
    status, headers, answer = post(server, body, f"DynamoDB_20120810.{operation}")
    assert status == 400, (status, answer)
    kind = json.loads(answer)["__type"].rpartition("#")[2]
    assert kind in ("SerializationException", "ValidationException", "ResourceNotFoundException"), answer
    assert int(headers["x-amz-crc32"]) == zlib.crc32(answer)


def test_what_is_not_served_says_so(server, dynamo):
    status, _, answer = post(server, b"{}", "DynamoDB_20120810.ExecuteStatement")
    assert status == 400 and "not a DynamoDB" in json.loads(answer)["message"]
    status, _, answer = post(server, b"{}", "DynamoDB_20120810.ListTables", signed=False)
    assert json.loads(answer)["__type"].endswith("MissingAuthenticationTokenException")


def test_metrics_are_taken_in_every_encoding(server):
    cloudwatch = aws("cloudwatch", server)
    cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0}] * 20)
    refused(cloudwatch.list_metrics, "InvalidAction")
    status, _, answer = post(server, b"Action=PutMetricData&Version=2010-08-01&Namespace=n",
                             **{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
    assert status == 200 and b"PutMetricDataResponse" in answer
    status, _, answer = post(server, b"{}", "GraniteServiceVersion20100801.PutMetricData")
    assert status == 200
    status, headers, answer = post(server, b"\xa0", path="/service/GraniteServiceVersion20100801/operation/PutMetricData",
                                   **{"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"})
    assert status == 200 and headers["smithy-protocol"] == "rpc-v2-cbor"
    status, _, _ = post(server, b"x" * (1 << 20 | 1), "GraniteServiceVersion20100801.PutMetricData")
    assert status == 413


@pytest.mark.parametrize("path", ["/_localstack/health", "/health", "/healthcheck", "/_localstack/init"])
def test_health_checks_of_emulators_pass(server, path):
    with urllib.request.urlopen(server.endpoint_url + path, timeout=10) as answer:
        text = answer.read()
    if "health" in path and path != "/healthcheck":
        assert json.loads(text)["services"]["kinesis"] == "available"
