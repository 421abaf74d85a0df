import {chromium, type Browser} from 'playwright-core';
import {requireProgram} from './narthex.ts';

/** Nothing of this, and of nothing else, may be asked for over the network. */
const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Debian's chromium. Fails, naming the package, where there is none. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = requireProgram('chromium', 'chromium');
  return chromium.launch({executablePath, args: chromiumFlags});
}
