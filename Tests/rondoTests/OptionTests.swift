import Testing

@testable import rondo

/// Reads one command line of a small command, with files and environment as given.
private func read(
    _ arguments: [String], environment: [String: String] = [:], files: [String: String] = [:]
) -> (invocation: Invocation, faults: [String]) {
    let syntax = CommandSyntax(
        "play", "play something", usage: "SONG", positionals: 1...2,
        options: [
            OptionSyntax("output", "FILE", "where to", letter: "o"), OptionSyntax("from-ms", "TIME", "when"),
            .flag("loud", "loudly"), OptionSyntax("key", "KEY", "secret", isOnCommandLine: false),
        ],
        positionalSettings: [OptionSyntax("registry", "REGISTRY", "where")])
    var reader = InvocationReader(
        syntax: syntax, environment: environment,
        knownSettings: ["output", "from-ms", "loud", "key", "registry", "zone"]
    ) { path throws(Fault) in
        guard let text = files[path] else { throw .failed("no \(path)") }
        return text
    }
    let (invocation, faults) = reader.read(arguments)
    return (invocation, faults.map(\.message))
}

@Suite struct OptionTests {
    @Test(arguments: [["a", "--output", "f"], ["--output=f", "a"], ["-o", "f", "a"]])
    func `an option is read wherever it stands and however its value is given`(_ arguments: [String]) {
        let (invocation, faults) = read(arguments)
        #expect(faults == [])
        #expect(invocation.positionals == ["a"])
        #expect(invocation.settings["output"]?.text == "f")
    }

    @Test func `a single hyphen is a value and an argument`() {
        let (invocation, faults) = read(["-o", "-", "-"])
        #expect(faults == [])
        #expect(invocation.positionals == ["-"])
        #expect(invocation.settings["output"]?.text == "-")
    }

    @Test func `after two hyphens everything is an argument`() {
        #expect(read(["--", "--loud", "-o"]).invocation.positionals == ["--loud", "-o"])
    }

    @Test func `an option beats the environment, the environment the file`() {
        let files = ["f.conf": "output = file\nfrom-ms = 3 # the third\n# loud = no\nloud = yes"]
        let environment = ["RONDO_OUTPUT": "environment", "RONDO_FROM_MS": "2", "RONDO_CONFIG": "f.conf"]
        let (invocation, faults) = read(["a", "--output", "option"], environment: environment, files: files)
        #expect(faults == [])
        #expect(invocation.settings["output"]?.text == "option")
        #expect(invocation.settings["from-ms"]?.text == "2")
        #expect(invocation.settings["loud"] == Invocation.Setting(text: "yes", origin: "loud in f.conf, line 4"))
    }

    @Test func `an empty variable counts as none`() {
        #expect(read(["a"], environment: ["RONDO_OUTPUT": ""]).invocation.settings["output"] == nil)
    }

    @Test func `an unknown option is told with the nearest one, and its value is no further fault`() {
        let (_, faults) = read(["a", "--outptu", "f", "b"])
        #expect(faults == ["rondo play has no option --outptu; did you mean --output?"])
    }

    @Test func `an option far from all others points at the help`() {
        #expect(
            read(["a", "--xyzzy"]).faults == ["rondo play has no option --xyzzy; `rondo play --help` lists the options"]
        )
    }

    @Test func `all faults are told at once`() {
        let (_, faults) = read(["a", "b", "c", "--outptu", "--loud", "--loud", "--from-ms"])
        #expect(faults.count == 4)
    }

    @Test func `a secret is refused on the command line and taken from the environment`() {
        #expect(read(["a", "--key", "s3cret"]).faults.count == 1)
        #expect(!read(["a", "--key=s3cret"]).faults.joined().contains("s3cret"))
        #expect(read(["a"], environment: ["RONDO_KEY": "s3cret"]).invocation.settings["key"]?.text == "s3cret")
    }

    @Test func `an option without its value says what it needs`() {
        #expect(read(["a", "--output", "--loud"]).faults == ["--output needs a value: --output FILE"])
    }

    @Test func `a configuration file is checked line by line, and settings of other commands are left alone`() {
        let files = ["f": "zone = x\nnonsense\noutptu = 1\noutput = 1\noutput = 2"]
        let faults = read(["a", "--config", "f"], files: files).faults
        #expect(
            faults == [
                "f, line 2: “nonsense” is no `name = value`",
                "f, line 3: there is no setting “outptu”; did you mean output?",
                "f, line 5: output is set a second time, line 4 set it first",
            ])
    }

    @Test func `a hash inside a value stays`() {
        let lines = ConfigurationFile.read("output = a#b  # c", path: "f", known: ["output"]).lines
        #expect(lines.map(\.value) == ["a#b"])
    }

    @Test func `help wins over everything that is wrong`() {
        let (invocation, faults) = read(["--nonsense", "-h"])
        #expect(invocation.wantsHelp)
        #expect(faults == [])
    }

    @Test func `no line of any help page is wider than 80 columns`() {
        for command in Commands.all {
            for line in HelpPage.of(command.syntax).split(separator: "\n") {
                #expect(line.count <= 80, "\(command.syntax.name): \(line)")
            }
        }
    }

    @Test(arguments: [("500", 500), ("2K", 2048), ("3m", 3 << 20), ("1T", 1 << 40)] as [(String, Int64)])
    func `sizes are read with their units`(_ text: String, _ bytes: Int64) {
        #expect(ByteText.read(text) == bytes)
    }

    @Test(arguments: ["", "K", "-1", "0", "1.5G", "9223372036854775807K"])
    func `what is no size is refused`(_ text: String) {
        #expect(ByteText.read(text) == nil)
    }
}
