import Model
import Testing

@testable import ResourcePolicies

/// What policies of resources allow and deny, from AWS's documented evaluation logic.
@Suite struct PolicyTests {
    private static let account = "123456789012"
    private static let stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
    private static let consumer = stream + "/consumer/billing:1700000000"

    private static func request(
        _ action: String = "kinesis:PutRecord",
        user: String? = "alice",
        account: String = account,
        on resource: String = stream,
        from address: String = "10.1.2.3",
        isSecure: Bool = true
    ) -> PolicyRequest {
        var request = PolicyRequest(
            principalARN: user.map { "arn:aws:iam::\(account):user/\($0)" },
            principalAccount: user == nil ? nil : account,
            action: action,
            resource: resource
        )
        request.setTransport(
            sourceAddress: NetworkAddress(address),
            isSecure: isSecure,
            milliseconds: 1_700_000_000_000
        )
        return request
    }

    /// A policy of one statement; what is not given is for everybody and everything.
    private static func policy(
        effect: String = "Allow",
        principal: String = #""Principal":"*""#,
        action: String = #""Action":"kinesis:*""#,
        resource: String = #""Resource":"*""#,
        condition: String? = nil
    ) throws -> Policy {
        let condition = condition.map { #","Condition":\#($0)"# } ?? ""
        return try Policy(
            #"{"Version":"2012-10-17","Statement":[{"Effect":"\#(effect)",\#(principal),\#(action),\#(resource)\#(condition)}]}"#
        )
    }

    // MARK: Effects

    @Test func `a statement that denies wins, and without one that is for the request nothing is said`() throws {
        let policy = try Policy(
            #"""
            {"Version": "2012-10-17", "Id": "p", "Statement": [
              {"Sid": "a", "Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "kinesis:*",
               "Resource": "arn:aws:kinesis:*:123456789012:stream/orders"},
              {"Sid": "b", "Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::123456789012:user/mallory"},
               "Action": ["kinesis:PutRecord", "kinesis:PutRecords"], "Resource": "*"}]}
            """#
        )
        #expect(policy.decide(Self.request()) == .allow)
        #expect(policy.decide(Self.request(user: "mallory")) == .deny)
        #expect(policy.decide(Self.request("kinesis:GetRecords", user: "mallory")) == .allow)
        #expect(policy.decide(Self.request(account: "999999999999")) == .silent)
        #expect(policy.decide(Self.request(on: Self.consumer)) == .silent)
    }

    // MARK: Principals

    @Test(
        arguments: [
            (#""*""#, true, true), (#"{"AWS":"*"}"#, true, true), (#"{"AWS":"123456789012"}"#, true, false),
            (#"{"AWS":"arn:aws:iam::123456789012:root"}"#, true, false),
            (#"{"AWS":["arn:aws:iam::1:user/x","arn:aws:iam::123456789012:user/alice"]}"#, true, false),
            (#"{"AWS":"arn:aws:iam::123456789012:user/Alice"}"#, false, false),
            (#"{"AWS":"arn:aws:iam::123456789012:user/alic"}"#, false, false),
            (#"{"Service":"lambda.amazonaws.com"}"#, false, false),
        ]
    )
    func `a principal is everybody, an account or one of its users`(
        _ principal: String,
        _ isAlice: Bool,
        _ isAnonymous: Bool
    ) throws {
        let policy = try Self.policy(principal: #""Principal":\#(principal)"#)
        #expect(policy.decide(Self.request()) == (isAlice ? .allow : .silent))
        #expect(policy.decide(Self.request(user: nil)) == (isAnonymous ? .allow : .silent))
        let others = try Self.policy(effect: "Deny", principal: #""NotPrincipal":\#(principal)"#)
        #expect(others.decide(Self.request()) == (isAlice ? .silent : .deny))
    }

    // MARK: Actions and resources

    @Test(
        arguments: [
            ("kinesis:PutRecord", true), ("KINESIS:putrecord", true), ("kinesis:Put*", true),
            ("kinesis:PutRecor?", true),
            ("*", true), ("kinesis:*", true), ("kinesis:PutRecords", false), ("kinesis:Get*", false),
            ("kinesis:PutRecord?", false), ("kinesis:", false),
        ]
    )
    func `actions match without regard to case, with wildcards`(_ action: String, _ matches: Bool) throws {
        let policy = try Self.policy(action: #""Action":["kinesis:ListShards","\#(action)"]"#)
        #expect(policy.decide(Self.request()) == (matches ? .allow : .silent))
        let others = try Self.policy(action: #""NotAction":"\#(action)""#)
        #expect(others.decide(Self.request()) == (matches ? .silent : .allow))
    }

    @Test(
        arguments: [
            ("*", true), (stream, true), ("arn:aws:kinesis:*:*:stream/*", true),
            ("arn:aws:kinesis:eu-*:*:stream/ord?rs", true),
            ("arn:*:*:*:*:*", true), ("arn:aws:kinesis:eu-west-1:123456789012:stream/Orders", false),
            ("arn:aws:kinesis:eu-west-1:123456789012:stream/order", false),
            // A wildcard does not stand for text of two parts.
            ("arn:aws:kinesis:*:stream/orders:x", false), ("arn:aws:kinesis::123456789012:stream/orders", false),
            (consumer, false), ("arn:aws:kinesis:eu-west-1:123456789012:stream/orders/*", false),
        ]
    )
    func `resources are compared part by part`(_ resource: String, _ matches: Bool) throws {
        let policy = try Self.policy(resource: #""Resource":"\#(resource)""#)
        #expect(policy.decide(Self.request()) == (matches ? .allow : .silent))
        let others = try Self.policy(resource: #""NotResource":["\#(resource)"]"#)
        #expect(others.decide(Self.request()) == (matches ? .silent : .allow))
    }

    @Test func `a consumer is a resource of its own, with a colon in its name`() throws {
        let policy = try Self.policy(resource: #""Resource":"\#(Self.stream)/consumer/billing:*""#)
        #expect(policy.decide(Self.request("kinesis:SubscribeToShard", on: Self.consumer)) == .allow)
        #expect(policy.decide(Self.request()) == .silent)
    }

    // MARK: Conditions

    @Test(
        arguments: [
            (#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, true),
            (#"{"IpAddress":{"AWS:sourceIP":["192.168.0.0/16","10.1.2.3"]}}"#, true),
            (#"{"IpAddress":{"aws:SourceIp":"10.1.2.2/31"}}"#, true),
            (#"{"IpAddress":{"aws:SourceIp":"2001:db8::/32"}}"#, false),
            (#"{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","192.168.0.0/16"]}}"#, false),
            (#"{"NotIpAddress":{"aws:SourceIp":"192.168.0.0/16"}}"#, true),
            (#"{"Bool":{"aws:SecureTransport":"true"}}"#, true), (#"{"Bool":{"aws:SecureTransport":false}}"#, false),
            (#"{"StringEquals":{"aws:username":"alice"}}"#, true),
            (#"{"StringEquals":{"aws:username":"ALICE"}}"#, false),
            (#"{"StringEqualsIgnoreCase":{"aws:username":"ALICE"}}"#, true),
            (#"{"StringNotEquals":{"aws:username":["bob","alice"]}}"#, false),
            (#"{"StringLike":{"aws:username":["b*","a?ic*"]}}"#, true),
            (#"{"StringEquals":{"aws:username":"a*"}}"#, false),
            (#"{"StringNotLike":{"aws:username":"a*"}}"#, false),
            (#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/al*"}}"#, true),
            (#"{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}"#, true),
            (#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:user/alice"}}"#, true),
            (#"{"NumericLessThan":{"aws:EpochTime":1700000001}}"#, true),
            (#"{"NumericGreaterThanEquals":{"aws:EpochTime":"1700000001"}}"#, false),
            (#"{"DateGreaterThan":{"aws:CurrentTime":"2023-11-14T22:13:19Z"}}"#, true),
            (#"{"DateLessThan":{"aws:CurrentTime":"2023-11-14T22:13:20Z"}}"#, false),
            (#"{"DateLessThan":{"aws:CurrentTime":"2099-01-01T00:00Z"}}"#, true),
            // All of several operators and keys, any of several values.
            (#"{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:username":"bob"}}"#, false),
            (#"{"StringEquals":{"aws:username":"alice","aws:PrincipalAccount":"123456789012"}}"#, true),
            // Of a key that the request lacks.
            (#"{"StringEquals":{"aws:UserAgent":"x"}}"#, false), (#"{"StringNotEquals":{"aws:UserAgent":"x"}}"#, true),
            (#"{"StringEqualsIfExists":{"aws:UserAgent":"x"}}"#, true), (#"{"Null":{"aws:UserAgent":"true"}}"#, true),
            (#"{"Null":{"aws:username":"true"}}"#, false), (#"{"Null":{"aws:username":false}}"#, true),
            (#"{"ForAllValues:StringEquals":{"aws:TagKeys":"x"}}"#, true),
            (#"{"ForAnyValue:StringEquals":{"aws:TagKeys":"x"}}"#, false),
            (#"{"ForAnyValue:StringLike":{"aws:username":["x","al*"]}}"#, true),
            (#"{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:user/${aws:username}"}}"#, true),
            (#"{"StringEquals":{"aws:username":"${aws:UserAgent, 'alice'}"}}"#, true),
            (#"{"StringEquals":{"aws:username":"${aws:UserAgent}"}}"#, false),
            (#"{"StringLike":{"aws:username":"alice${*}"}}"#, false),
        ]
    )
    func `conditions hold as AWS says`(_ condition: String, _ holds: Bool) throws {
        let policy = try Self.policy(condition: condition)
        #expect(policy.decide(Self.request()) == (holds ? .allow : .silent), "\(condition)")
    }

    @Test func `variables are text in documents of the old version`() throws {
        let text = #"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","#
        let condition = #""Condition":{"StringEquals":{"aws:username":"${aws:username}"}}}}"#
        #expect(try Policy(text + condition).decide(Self.request()) == .silent)
    }

    @Test func `only TLS from inside, as the guides have it`() throws {
        let policy = try Policy(
            #"""
            {"Version":"2012-10-17","Statement":[
              {"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"kinesis:*","Resource":"*"},
              {"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},
              {"Effect":"Deny","Principal":"*","Action":"*","Resource":"*",
               "Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","::1/128"]}}}]}
            """#
        )
        #expect(policy.decide(Self.request()) == .allow)
        #expect(policy.decide(Self.request(isSecure: false)) == .deny)
        #expect(policy.decide(Self.request(from: "::ffff:10.9.9.9")) == .allow)
        #expect(policy.decide(Self.request(from: "11.0.0.1")) == .deny)
        #expect(policy.decide(Self.request(from: "::1")) == .allow)
    }

    // MARK: Bad documents

    private static let good =
        #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#

    @Test(
        arguments: [
            ("Allow", "allow"), ("Allow", ""), ("2012-10-17", "2020-01-01"), (#""Principal":"*","#, ""),
            (#""Principal":"*""#, #""Principal":"bob""#),
            (#""Principal":"*""#, #""Principal":{"AWS":"arn:aws:iam::1:user/*"}"#),
            (#""Principal":"*""#, #""Principal":{"AWS":[]}"#), (#""Principal":"*""#, #""Principal":{"User":"x"}"#),
            (#""Principal":"*""#, #""Principal":{}"#), (#""Principal":"*""#, #""Principal":"*","NotPrincipal":"*""#),
            (#""Action":"*""#, #""Action":"s3:GetObject""#), (#""Action":"*""#, #""Action":7"#),
            (#""Action":"*""#, #""Action":"*","NotAction":"*""#), (#""Resource":"*""#, #""Resource":"stream/x""#),
            (#""Resource":"*""#, #""Resource":null"#), (#""Resource":"*""#, #""Resource":"*","Extra":1"#),
            (#""Resource":"*""#, #""Resource":"*","Sid":1"#), (#""Resource":"*""#, #""Resource":"*","Condition":[]"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"StringMatches":{"k":"v"}}"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"stringEquals":{"k":"v"}}"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"IfExists":{"k":"v"}}"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"StringEquals":{}}"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"StringEquals":{"k":[]}}"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"StringEquals":{"k":{"a":"b"}}}"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}}"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/+8"}}"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"Bool":{"k":"maybe"}}"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"NumericNearly":{"k":"1"}}"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"DateEquals":{"k":"yesterday"}}"#),
            (#""Resource":"*""#, #""Resource":"*","Condition":{"StringLike":{"k":"${aws:x"}}"#),
            (#""Resource":"*""#, #""Resource":"*","Resource":"*""#), ("}]}", "}]"), ("}]}", "}]}x"), ("[{", "[{{"),
            ("Statement", "Statements"),
            (#""Effect""#, #""\ud800""#), ("Allow", "Al\u{1}low"), (#""Version":"2012-10-17""#, #""Version":20121017"#),
        ]
    )
    func `what is not a policy is refused`(_ part: String, _ replacement: String) throws {
        _ = try Policy(Self.good)
        let bad = Self.good.replacing(part, with: replacement)
        #expect(bad != Self.good)
        #expect(throws: PolicyRefusal.self) { _ = try Policy(bad) }
    }

    @Test func `size, depth and statements are bounded`() throws {
        let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        #expect(throws: PolicyRefusal("The policy is nested too deeply.")) { _ = try Policy(deep) }
        #expect(throws: PolicyRefusal.self) {
            _ = try Policy(Self.good + String(repeating: " ", count: Policy.bytesMax))
        }
        let statement = #"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}"#
        func many(_ count: Int) -> String {
            #"{"Statement":["# + Array(repeating: statement, count: count).joined(separator: ",") + "]}"
        }
        #expect(try Policy(many(200)).decide(Self.request()) == .deny)
        #expect(throws: PolicyRefusal.self) { _ = try Policy(many(201)) }
        #expect(throws: PolicyRefusal.self) { _ = try Policy("") }
        #expect(throws: PolicyRefusal.self) { _ = try Policy("[]") }
    }

    @Test func `a pattern of many wildcards takes no longer than the product of the lengths`() throws {
        let stars = String(repeating: "*a", count: 5000) + "*b"
        let policy = try Self.policy(condition: #"{"StringLike":{"aws:username":"\#(stars)"}}"#)
        #expect(policy.decide(Self.request(user: String(repeating: "a", count: 9000))) == .silent)
    }

    /// Every text of a few characters put into a policy is read or refused.
    @Test func `damaged documents are refused without a trap`() {
        let bytes = Array(Self.good.utf8)
        for position in bytes.indices {
            for replacement in Array(#"{}[]",:\x0-"#.utf8) {
                var damaged = bytes
                damaged[position] = replacement
                _ = try? Policy(String(decoding: damaged, as: UTF8.self))
            }
            _ = try? Policy(String(decoding: bytes[..<position], as: UTF8.self))
        }
    }
}
