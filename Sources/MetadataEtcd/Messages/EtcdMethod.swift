/// The calls of etcd's version 3 API that are made here.
enum EtcdMethod: String, Sendable {
    case range = "/etcdserverpb.KV/Range"
    case txn = "/etcdserverpb.KV/Txn"
    case compact = "/etcdserverpb.KV/Compact"
    case watch = "/etcdserverpb.Watch/Watch"
    case leaseGrant = "/etcdserverpb.Lease/LeaseGrant"
    case leaseRevoke = "/etcdserverpb.Lease/LeaseRevoke"
    case leaseKeepAlive = "/etcdserverpb.Lease/LeaseKeepAlive"
    case authenticate = "/etcdserverpb.Auth/Authenticate"
}
