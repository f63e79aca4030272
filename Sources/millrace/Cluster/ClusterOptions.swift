internal import ArgumentParser

/// The options of `serve` about belonging to a cluster.
struct ClusterOptions: ParsableArguments {
    @Option(
        help:
            "Be a broker of a cluster whose metadata is in etcd: etcd=HOST:PORT, several members with commas between them; etcd=https://HOST:PORT for TLS. The records are in --store; the data directory holds only which broker this is. (default: a server of its own)"
    )
    var cluster: String?

    @Option(help: "Before all keys in etcd and the same for all brokers of a cluster. (default: millrace)")
    var clusterName: String?

    @Option(help: "The authorities of etcd's certificates, in PEM. (default: the system's)", completion: .file())
    var etcdCa: String?

    @Option(help: "The certificate that etcd is shown, in PEM.", completion: .file())
    var etcdCert: String?

    @Option(help: "Its key, in PEM. (default: the same file)", completion: .file())
    var etcdKey: String?

    @Option(help: "The user of etcd; MILLRACE_ETCD_PASSWORD has the password. (default: none)")
    var etcdUser: String?

    @Option(
        help:
            "Where a cluster keeps records: s3://BUCKET[/PREFIX], with the access key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY and the region in AWS_REGION; or file:///DIR, to try a cluster on one machine."
    )
    var store: String?

    @Option(help: "The URL of a store that speaks S3's API. (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else S3)")
    var storeEndpoint: String?

    @Option(help: "The authorities of the store's certificates, in PEM. (default: the system's)", completion: .file())
    var storeCa: String?

    var layer: ClusterConfiguration.Layer {
        var layer = ClusterConfiguration.Layer()
        layer.values["cluster"] = self.cluster
        layer.values["cluster-name"] = self.clusterName
        layer.values["etcd-ca"] = self.etcdCa
        layer.values["etcd-cert"] = self.etcdCert
        layer.values["etcd-key"] = self.etcdKey
        layer.values["etcd-user"] = self.etcdUser
        layer.values["store"] = self.store
        layer.values["store-endpoint"] = self.storeEndpoint
        layer.values["store-ca"] = self.storeCa
        return layer
    }
}
