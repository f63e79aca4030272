"""Object stores that speak S3's API, for clusters: moto's server always, Ceph's gateway where it is installed.

Each has `arguments` and `environment` for a broker, `client()` for boto3, and `skip`, the reason why it cannot be had.
"""

import os
import pathlib
import shutil
import subprocess
import time

import boto3
from botocore.config import Config

from harness.server import ROOT, ServerError, free_address

MOTO = ROOT / ".venv-bench-moto" / "bin" / "moto_server"
BUCKET = "millrace"


class Store:
    """A store at http://`address`, with one bucket. What the cluster writes lies below `prefix`."""

    key, secret, prefix = "test", "testsecret", "one/cluster"
    skip = None

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.address = None

    @property
    def url(self):
        return f"http://{self.address}"

    @property
    def arguments(self):
        return ["--store", f"s3://{BUCKET}/{self.prefix}", "--store-endpoint", self.url]

    @property
    def environment(self):
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_REGION": "us-east-1"}

    def client(self):
        return boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=self.key,
                            aws_secret_access_key=self.secret,
                            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1},
                                          request_checksum_calculation="when_required"))

    def names(self):
        """The names of all objects of the bucket."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def create_bucket(self, deadline):
        end = time.monotonic() + deadline
        while True:
            try:
                self.client().create_bucket(Bucket=BUCKET)
                return self
            except Exception as error:
                if time.monotonic() > end:
                    self.close()
                    raise ServerError(f"no bucket within {deadline} s: {error}") from error
                time.sleep(0.2)


class Moto(Store):
    """An emulator in memory: it proves the protocol, and nothing about durability."""

    skip = None if MOTO.exists() else "no moto: run scripts/setup-venv --moto"

    def __enter__(self):
        self.address = free_address()
        host, port = self.address.split(":")
        with open(self.directory / "moto.log", "wb") as log:
            self.process = subprocess.Popen([str(MOTO), "-H", host, "-p", port], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        return self.create_bucket(60)

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.kill()
        self.process.wait(20)


class Ceph(Store):
    """A monitor, an OSD and a gateway of Ceph."""

    if "MILLRACE_TEST_ENGINES" not in os.environ:
        skip = "Ceph takes half a minute to start: run make test-engines"
    elif not shutil.which("radosgw") or not shutil.which("ceph-osd"):
        skip = "no Ceph: run scripts/engines/ceph fetch"

    def __enter__(self):
        self.address = free_address()
        with open(self.directory / "ceph.log", "wb") as log:
            self.process = subprocess.Popen(
                [str(ROOT / "scripts" / "engines" / "ceph"), "up", str(self.directory / "ceph"), self.address],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        # The first bucket makes the gateway's pools.
        return self.create_bucket(120)

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.terminate()
        self.process.wait(60)
