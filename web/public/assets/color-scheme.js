// Runs before the first paint, so that a chosen theme does not flash in the other one. Not a module, and not inline,
// because a strict Content-Security-Policy may forbid inline scripts. The key is the one in src/shell/theme.ts.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem('narthex.theme');
  } catch {
    // Storage is forbidden: follow the system.
  }
  const dark =
    choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
