import Serving
import Testing

@Suite struct AvailableMemoryTests {
    private static let meminfo = """
        MemTotal:       24682000 kB
        MemFree:         1000000 kB
        MemAvailable:    2000000 kB
        """

    private static let unlimited = [
        "/proc/meminfo": meminfo, "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/memory.max": "max\n",
    ]

    @Test func `outside of groups with a limit the machine's memory is available`() {
        #expect(AvailableMemory.now { Self.unlimited[$0] } == 2_048_000_000 as Int64)
        #expect(AvailableMemory.now { ["/proc/meminfo": Self.meminfo][$0] } == 2_048_000_000 as Int64)
        #expect(AvailableMemory.now { _ in nil } == nil)
        #expect(AvailableMemory.machine(meminfo: "MemAvailable: lots") == nil)
    }

    @Test func `what the cache holds of a group's limit is available`() {
        var files = Self.unlimited
        files["/sys/fs/cgroup/a/b/memory.max"] = "1000000\n"
        files["/sys/fs/cgroup/a/b/memory.current"] = "900000\n"
        files["/sys/fs/cgroup/a/b/memory.stat"] = "anon 500000\ninactive_file 300000\nactive_file 100000\n"
        #expect(AvailableMemory.now { files[$0] } == 500_000)
        #expect(ControlGroup.own { files[$0] }.limit == 1_000_000)
    }

    @Test func `the narrowest of the groups counts`() {
        var files = Self.unlimited
        files["/sys/fs/cgroup/a/memory.max"] = "4000"
        files["/sys/fs/cgroup/a/memory.current"] = "5000"
        files["/sys/fs/cgroup/a/b/memory.max"] = "9000"
        let group = ControlGroup.own { files[$0] }
        #expect(group.limit == 4_000)
        #expect(group.available == 0)
    }

    @Test func `in a container the group is the root of what it sees`() {
        let files = [
            "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "512", "/sys/fs/cgroup/memory.current": "12",
        ]
        #expect(ControlGroup.own { files[$0] }.available == 500)
    }

    @Test(arguments: ["", "0::", "1:cpu:/x\n0::/a/b\n", "garbage", "0::relative"])
    func `any text of the kernel is read without harm`(text: String) {
        let group = ControlGroup.own { $0 == "/proc/self/cgroup" ? text : nil }
        #expect(group.limit == nil && group.available == nil)
    }
}
