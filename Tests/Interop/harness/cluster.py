"""A cluster on loopback: one etcd, an object store (a directory unless told otherwise), and brokers, each a process."""

import pathlib
import subprocess
import time
import urllib.request

from confluent_kafka.admin import AdminClient

from harness.server import ROOT, Server, ServerError, free_address

ETCD = ROOT / ".build" / "engines" / "usr" / "bin" / "etcd"


class Etcd:
    """One etcd member on free ports. With an authority it speaks TLS to clients, whose certificates it asks for."""

    def __init__(self, directory, authority=None):
        self.directory = pathlib.Path(directory)
        self.client, self.peer = free_address(), free_address()
        self.process = None
        self.authority = authority
        self.certificate = authority.issue("etcd", "IP:127.0.0.1") if authority else None

    @property
    def url(self):
        return f"{'https' if self.authority else 'http'}://{self.client}"

    @property
    def _tls(self):
        if self.authority is None:
            return []
        return ["--cert-file", str(self.certificate), "--key-file", str(self.certificate), "--client-cert-auth",
                "--trusted-ca-file", str(self.authority.file)]

    def control(self, *arguments):
        """Runs etcdctl."""
        tls = [] if self.authority is None else ["--cacert", str(self.authority.file), "--cert", str(self.certificate),
                                                 "--key", str(self.certificate)]
        return subprocess.run([str(ETCD.with_name("etcdctl")), "--endpoints", self.url, *tls, *arguments], check=True,
                              capture_output=True, text=True, timeout=30, env={"ETCDCTL_API": "3"})

    def _answers(self):
        if self.authority is None:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:
                return b'"true"' in answer.read()
        try:
            return bool(self.control("endpoint", "health"))
        except subprocess.SubprocessError:
            return False

    def start(self, deadline=30.0):
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [str(ETCD), "--name", "one", "--data-dir", str(self.directory / "data"),
                 "--listen-client-urls", self.url, "--advertise-client-urls", self.url, *self._tls,
                 "--listen-peer-urls", f"http://{self.peer}", "--initial-advertise-peer-urls", f"http://{self.peer}",
                 "--initial-cluster", f"one=http://{self.peer}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            try:
                if self._answers():
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        self.close()
        raise ServerError(f"etcd does not answer\n{(self.directory / 'log').read_text()[-2000:]}")

    def close(self):
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait(20)


class Broker(Server):
    """A broker of a cluster; `number` is its node.id."""

    def __init__(self, cluster, number, settings=None, arguments=(), data_dir=None, log_name=None, kinesis=False):
        directory = cluster.directory
        super().__init__(
            data_dir or directory / f"broker{number}",
            {"node.id": number, "group.initial.rebalance.delay.ms": 0, "offsets.topic.num.partitions": 6,
             **(settings or {})},
            arguments=["--cluster", f"etcd={cluster.etcd.client}", *cluster.store_arguments, *arguments],
            environment=cluster.store.environment if cluster.store else None,
            log_path=directory / f"{log_name or f'broker{number}'}.log")
        self.number = number
        if not kinesis:
            self.kinesis = "off"


class Cluster:
    """Three brokers, unless told otherwise. `bootstrap` names them all; with `kinesis` each serves that port too."""

    def __init__(self, directory, count=3, store=None, kinesis=False, settings=None):
        self.directory = pathlib.Path(directory)
        self.etcd = Etcd(self.directory / "etcd")
        self.brokers = {}
        self.count = count
        self.store = store
        self.store_arguments = store.arguments if store else ["--store", f"file://{self.directory}/objects"]
        self.kinesis = kinesis
        self.settings = settings

    def __enter__(self):
        self.etcd.start()
        try:
            for number in range(1, self.count + 1):
                self.brokers[number] = Broker(self, number, self.settings, kinesis=self.kinesis).start()
            self.wait_until_known(60)
        except BaseException:
            self.close()
            raise
        return self

    def wait_until_known(self, seconds):
        """Each broker shows all brokers: those that are ready hear of the last one a moment later."""
        end = time.monotonic() + seconds
        for broker in self.brokers.values():
            admin = AdminClient({"bootstrap.servers": broker.kafka})
            while len(admin.list_topics(timeout=10).brokers) < self.count:
                if time.monotonic() > end:
                    raise ServerError(f"broker {broker.number} does not know all brokers\n{self.log()}")
                time.sleep(0.05)

    def __exit__(self, *_):
        self.close()

    @property
    def bootstrap(self):
        return ",".join(broker.kafka for broker in self.brokers.values())

    def close(self):
        for broker in self.brokers.values():
            broker.close()
        self.etcd.close()

    def log(self):
        return "\n".join(f"--- broker {number}\n{broker.log(3000)}" for number, broker in self.brokers.items())
