// Plain JavaScript, so that a Node too old for TypeScript can still say so.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `This is Node ${process.version}, and the local cloud needs 22.18 or newer. "npm ci" brings a newer one along, unless optional dependencies were left out: run "npm ci --include=optional", then "npm start" again. On a platform without such a package, install Node 24.`,
  );
  process.exit(1);
}
