# The NixOS module `services.hyperion`.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkEnableOption mkIf mkOption types;
  cfg = config.services.hyperion;
  format = pkgs.formats.toml { };
  settings = format.generate "hyperion.toml" (lib.filterAttrs (_: value: value != null) cfg.settings);

  start = pkgs.writeShellScript "start-hyperion" ''
    set -eu
    ${lib.concatMapStrings (name: ''
      ${name}=$(< "$CREDENTIALS_DIRECTORY/${name}")
      export ${name}
    '') (lib.attrNames cfg.credentials)}
    exec ${lib.getExe cfg.package} serve --config ${settings}
  '';
in
{
  options.services.hyperion = {
    enable = mkEnableOption "Hyperion, which answers questions from your own documents";

    package = mkOption {
      type = types.package;
      description = "The Hyperion to run.";
    };

    settings = mkOption {
      default = { };
      example = {
        listen = "127.0.0.1:8080";
        secure_cookies = true;
        trust_proxy = true;
      };
      description = ''
        The configuration file; `hyperion config --example` explains every setting. It is readable by everybody:
        addresses with passwords belong in `environmentFile` or `credentials`.
      '';
      type = types.submodule {
        freeformType = format.type;
        options = {
          listen = mkOption {
            type = types.str;
            default = "127.0.0.1:8080";
            description = "Address and port to serve on.";
          };
          data_dir = mkOption {
            type = types.path;
            default = "/var/lib/hyperion";
            description = "Folder of the database, the original files and the secret key.";
          };
          drain_seconds = mkOption {
            type = types.ints.between 0 3600;
            default = 0;
            description = "Seconds that answers in progress may take to end when the service is stopped.";
          };
        };
      };
    };

    environmentFile = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = "/run/secrets/hyperion.env";
      description = "File of lines like `HYPERION_DATABASE_URL=...`, which override the settings. systemd reads it as root.";
    };

    credentials = mkOption {
      type = types.attrsOf types.path;
      default = { };
      example = { HYPERION_SECRET_KEY = "/run/secrets/hyperion-key"; };
      description = ''
        Variables and the files that hold their values. The files are handed over by systemd (LoadCredential) and need
        to be readable by root alone.
      '';
    };
  };

  config = mkIf cfg.enable {
    users.users.hyperion = {
      isSystemUser = true;
      group = "hyperion";
      home = cfg.settings.data_dir;
    };
    users.groups.hyperion = { };

    # For `sudo -u hyperion hyperion user ...` beside the service.
    environment.systemPackages = [ cfg.package ];

    systemd.tmpfiles.settings.hyperion.${cfg.settings.data_dir}.d = {
      user = "hyperion";
      group = "hyperion";
      mode = "0700";
    };

    systemd.services.hyperion = {
      description = "Hyperion";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" "postgresql.target" "redis-hyperion.service" ];

      serviceConfig = {
        ExecStart = start;
        User = "hyperion";
        Group = "hyperion";
        EnvironmentFile = mkIf (cfg.environmentFile != null) cfg.environmentFile;
        LoadCredential = lib.mapAttrsToList (name: file: "${name}:${file}") cfg.credentials;
        WorkingDirectory = cfg.settings.data_dir;
        Restart = "on-failure";
        RestartSec = 2;
        # Requests get five seconds after the answers in progress.
        TimeoutStopSec = cfg.settings.drain_seconds + 30;

        UMask = "0077";
        CapabilityBoundingSet = "";
        NoNewPrivileges = true;
        LockPersonality = true;
        MemoryDenyWriteExecute = true;
        PrivateDevices = true;
        PrivateTmp = true;
        PrivateUsers = true;
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHome = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        ProtectProc = "invisible";
        ProtectSystem = "strict";
        ReadWritePaths = [ cfg.settings.data_dir ];
        RemoveIPC = true;
        RestrictAddressFamilies = [ "AF_INET" "AF_INET6" "AF_UNIX" ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        SystemCallArchitectures = "native";
        # The processes that read files confine themselves further.
        SystemCallFilter = [ "@system-service" "@sandbox" "~@privileged" ];
        SystemCallErrorNumber = "EPERM";
      };
    };
  };
}
