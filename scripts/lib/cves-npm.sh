# shellcheck shell=bash
# Rows of scripts/cves: what the npm registry has. Sourced; see cves-run.sh.

cve CVE-2022-21704 'log4js 6.3.0' <<'ROW'
about: Log files are made with 0644, so that everybody reads what is logged.
rules: *.log
file: app.log
shown: `app.log`
npm: log4js@6.3.0
#run
NODE_PATH=$I/node_modules node -e '
const log4js = require("log4js");
log4js.configure({
  appenders: { file: { type: "file", filename: "app.log" } },
  categories: { default: { appenders: ["file"], level: "info" } },
});
log4js.getLogger().info("a password");
log4js.shutdown(() => {});'
ROW

cve CVE-2026-41686 '@anthropic-ai/sdk 0.90.0, memory tool' <<'ROW'
about: The same of the memory tool of the library for Node.js.
rules: memories/
file: memory/memories(/.*)?
shown: `memories/note.txt`
npm: @anthropic-ai/sdk@0.90.0
#run
NODE_PATH=$I/node_modules node -e '
const { BetaLocalFilesystemMemoryTool } = require("@anthropic-ai/sdk/tools/memory/node");
(async () => {
  const memory = await BetaLocalFilesystemMemoryTool.init("memory");
  console.log(await memory.create({ path: "/memories/note.txt", file_text: "a secret" }));
})();'
ROW

cve CVE-2026-45246 '@steipete/summarize 0.11.1' <<'ROW'
about: The file with the token of the daemon, and the keys in its environment, is made with 0666 and the umask.
rules: ~/.summarize
file: .summarize(/.*)?
shown: `.summarize/daemon.json`
npm-alone: @steipete/summarize@0.11.1
#run
node --input-type=module -e '
const { writeDaemonConfig } = await import(process.env.I + "/package/dist/esm/daemon/config.js");
await writeDaemonConfig({
  env: process.env,
  config: { token: "0123456789abcdef", env: { KEY: "secret" }, installedAt: "then" },
});'
ROW
