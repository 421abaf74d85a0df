// Sockets that systemd listens on and hands over. See sd_listen_fds(3).

const fdFirst = 3;

/** Descriptors of the sockets. Throws an Error where there are none. */
export function systemdSockets(env: NodeJS.ProcessEnv = process.env, pid = process.pid): number[] {
  const count = Number(env['LISTEN_FDS']);
  const isForUs = env['LISTEN_PID'] === String(pid);
  if (!isForUs || !Number.isInteger(count) || count < 1)
    throw new Error('no socket activation file descriptors found');
  // Programs that are started by this one are not to take them for their own.
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete env[name];
  return Array.from({length: count}, (_, i) => fdFirst + i);
}
