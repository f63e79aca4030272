import CommandCore
import Testing

@Suite
struct ProfileTests {
    @Test
    func `the first profile is used, and another one when it is chosen`() throws {
        var book = ProfileBook()
        try book.add("local", [.bootstrap: "127.0.0.1:9092"])
        try book.add("production", [.bootstrap: "broker:9093", .tls: "true", .password: "x"])
        #expect(book.current == "local" && book.names == ["local", "production"] && book.hasSecrets)
        try book.use("production")
        try book.remove("production")
        #expect(book.current == nil && !book.hasSecrets)
        #expect(throws: OptionError.self) { try book.use("production") }
        #expect(throws: OptionError.self) { try book.add("local", [:]) }
        try book.add("local", [.user: "anna"], replaces: true)
        try book.change("local", [.user: nil, .endpoint: "http://127.0.0.1:4567"])
        #expect(book["local"] == [.endpoint: "http://127.0.0.1:4567"])
    }

    @Test(arguments: ["", "a b", "../x", "a/b", "ü"])
    func `names are those that files and shells take`(name: String) {
        var book = ProfileBook()
        #expect(throws: OptionError.self) { try book.add(name, [:]) }
    }

    @Test
    func `secrets are not shown and not taken from a command line`() throws {
        let lines = ProfileBook.lines([.password: "hunter2", .user: "anna", .awsSecretAccessKey: "k"])
        #expect(lines.map(\.value) == ["anna", "(secret)", "(secret)"])
        let assignment = try ProfileSetting.assignment("bootstrap=a:1,b:2=")
        #expect(assignment.setting == .bootstrap && assignment.value == "a:1,b:2=")
        for text in ["password=x", "bootstrap", "colour=blue", "admin-token=t"] {
            #expect(throws: OptionError.self) { try ProfileSetting.assignment(text) }
        }
    }

    @Test
    func `a file with unknown settings, or a current profile that it lacks, is refused`() throws {
        let book = try ProfileBook(entries: ["a": ["tls": "true"]], current: "a")
        #expect(book["a"] == [.tls: "true"] && book.current == "a")
        #expect(throws: OptionError.self) { try ProfileBook(entries: ["a": ["x": "1"]], current: nil) }
        #expect(throws: OptionError.self) { try ProfileBook(entries: [:], current: "a") }
    }

    @Test
    func `AWS's files are read`() throws {
        let text = """
            # mine
            [default]
            aws_access_key_id = AKID
            aws_secret_access_key=SECRET=
            s3 =
              region = us-west-2
            [profile staging]
            region = eu-west-1
            role_arn = arn:x
            [sso-session s]
            region = us-east-1
            [local]
            endpoint_url = http://127.0.0.1:4567
            region = us-east-1
            """
        let profiles = try AWSProfileFile.parse(text)
        #expect(profiles["default"] == [.awsAccessKeyID: "AKID", .awsSecretAccessKey: "SECRET="])
        #expect(
            profiles["staging"] == [.awsRegion: "eu-west-1", .endpoint: "https://kinesis.eu-west-1.amazonaws.com"]
        )
        #expect(profiles["local"]?[.endpoint] == "http://127.0.0.1:4567")
        #expect(profiles.count == 3)
        #expect(throws: OptionError.self) { try AWSProfileFile.parse("[open") }
    }

    @Test
    func `every setting has a variable of its own`() {
        #expect(Set(ProfileSetting.allCases.map(\.variable)).count == ProfileSetting.allCases.count)
    }
}
