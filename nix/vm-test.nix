# The NixOS module in a virtual machine: a question is answered with a citation, and the service is confined.
{ module }:
{
  name = "hyperion";

  nodes.machine = { pkgs, ... }: {
    imports = [ module ];
    virtualisation.memorySize = 2048;
    environment.systemPackages = [ pkgs.jq ];
    environment.etc."hyperion-key".text = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";
    services.hyperion = {
      enable = true;
      settings.max_upload_mib = 5;
      credentials.HYPERION_SECRET_KEY = "/etc/hyperion-key";
    };
  };

  testScript = ''
    import json

    API = "http://127.0.0.1:8080/api/v1"

    def call(path, *arguments):
        quoted = " ".join(f"'{argument}'" for argument in arguments)
        return json.loads(machine.succeed(
            f"curl --silent --show-error --fail-with-body --cookie jar --cookie-jar jar {quoted} {API}{path}"))

    def post(path, body):
        return call(path, "--json", json.dumps(body))

    def until(path, good):
        for _ in range(120):
            found = call(path)
            if good(found):
                return found
            machine.sleep(1)
        raise AssertionError(f"{path} is still {found}")

    machine.wait_for_unit("hyperion.service")
    machine.wait_until_succeeds("curl --fail http://127.0.0.1:8080/readyz", timeout=60)

    with subtest("a question is answered with a citation"):
        post("/auth/sign-up", {"name": "Ada", "email": "ada@example.org", "password": "plover-anvil-tundra"})
        base = post("/knowledge-bases", {"name": "Contracts"})["id"]
        machine.succeed("echo 'The notice period of the lease is three months.' >lease.txt")
        call(f"/knowledge-bases/{base}/documents", "--form", "file=@lease.txt")
        until(f"/knowledge-bases/{base}", lambda found: found["documents"]["ready"] == 1)
        asked = post("/conversations", {"question": "How long is the notice period?", "knowledge_base_ids": [base]})
        conversation = asked["conversation"]["id"]
        answered = until(f"/conversations/{conversation}",
                         lambda found: found["messages"][-1]["status"] != "streaming")
        answer = answered["messages"][-1]
        assert answer["citations"][0]["document_name"] == "lease.txt", answer

    with subtest("the key came by the credential and is not in the data folder"):
        machine.fail("test -e /var/lib/hyperion/secret.key")

    with subtest("the service is confined"):
        machine.succeed("systemd-analyze security --threshold=30 hyperion.service")
        machine.succeed("test $(stat --format %a /var/lib/hyperion) = 700")

    with subtest("it stops at once and comes back with its data"):
        machine.systemctl("restart hyperion.service")
        machine.wait_until_succeeds("curl --fail http://127.0.0.1:8080/readyz", timeout=60)
        assert call(f"/knowledge-bases/{base}")["documents"]["ready"] == 1
        machine.fail("journalctl --unit hyperion.service --grep 'Failed with result'")
  '';
}
