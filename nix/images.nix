# Images that run Hyperion as uid 65532 on a read-only root, with /data to write to. There is no shell in them.
# scripts/image.sh assembles the same from a build without Nix.
{ pkgs, hyperion, revision, tag, created }:
let
  inherit (pkgs) lib;
  config = lib.importJSON ./image/config.json;

  root = pkgs.runCommand "hyperion-root" { } ''
    install -D -m 444 ${./image/passwd} $out/etc/passwd
    install -D -m 444 ${./image/group} $out/etc/group
    install -D -m 444 ${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt $out/etc/ssl/certs/ca-certificates.crt
    mkdir $out/opt
    ln -s ${hyperion}/lib/hyperion $out/opt/hyperion
  '';

  # Programs of a newer PostgreSQL work with older servers, and not the other way round. Only these two are taken:
  # beside them lies a whole server.
  postgresql = pkgs.postgresql_18;
  client = pkgs.runCommand "postgresql-client-${postgresql.version}"
    {
      nativeBuildInputs = [ pkgs.removeReferencesTo ];
      disallowedReferences = [ postgresql ];
    } ''
    for program in pg_dump pg_restore; do
      install -D ${postgresql}/bin/$program $out/bin/$program
      remove-references-to -t ${postgresql} $out/bin/$program
    done
  '';

  build = { name, contents ? [ ], command ? config.Cmd }: pkgs.dockerTools.streamLayeredImage {
    inherit name tag created;
    contents = [ root ] ++ contents;
    fakeRootCommands = ''
      mkdir -p data tmp
      chown 65532:65532 data
      chmod 700 data
      chmod 1777 tmp
    '';
    config = config // {
      Cmd = command;
      Labels = config.Labels // {
        "org.opencontainers.image.version" = hyperion.version;
        "org.opencontainers.image.revision" = revision;
        "org.opencontainers.image.created" = created;
      };
    };
  };
in
{
  image = build { name = "hyperion"; };
  backup-image = build {
    name = "hyperion-backup";
    contents = [ client ];
    command = [ "backup" ];
  };

  contents = [ root client ];
}
