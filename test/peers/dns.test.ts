// DNS discovery asks a real resolver: Debian's dnsmasq on loopback.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {setTimeout as sleep} from 'node:timers/promises';
import test from 'node:test';
import {type DnsRecord, type DnsType, queryDns, SearchingResolver} from '../../src/discovery/resolver.ts';
import {freePort, stopProgram} from '../../tools/programs.ts';
import {requireProgram} from '../lib/narthex.ts';

/** A record of type NS: ns1.narthex.test. */
const nsRecord = `narthex.test,2,${Buffer.from('\x03ns1\x07narthex\x04test\x00', 'latin1').toString('hex')}`;

test('records of dnsmasq arrive, and names that are not there are told from servers that are not', async () => {
  const port = await freePort();
  const records = [
    '--host-record=one.narthex.test,10.0.0.1',
    '--host-record=one.narthex.test,10.0.0.2,fd00::1',
    '--cname=alias.narthex.test,one.narthex.test',
    '--srv-host=_metrics._tcp.narthex.test,one.narthex.test,9100,0,0',
    '--mx-host=narthex.test,mail.narthex.test,10',
    `--dns-rr=${nsRecord}`,
    '--local=/test/',
  ];
  const settings = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--user=',
    '--pid-file=',
  ];
  const address = ['--listen-address=127.0.0.1', '--bind-interfaces', `--port=${port}`];
  const server = spawn(requireProgram('dnsmasq', 'dnsmasq-base'), [...settings, ...address, ...records], {
    stdio: 'ignore',
  });
  const resolverOf = (...servers: string[]): SearchingResolver =>
    new SearchingResolver(queryDns(servers), () => ({search: ['narthex.test'], ndots: 1}));
  try {
    const resolver = resolverOf(`127.0.0.1:${port}`);
    for (let i = 0; i < 50; i++) {
      const up = await resolver.lookup('one', 'A').catch(() => []);
      if (up.length > 0) break;
      await sleep(50);
    }
    const f = async (name: string, type: DnsType, ...expected: DnsRecord[]): Promise<void> => {
      const found = await resolver.lookup(name, type);
      const sorted = found.map((each) => ({...each})).sort((a, b) => (a.host < b.host ? -1 : 1));
      assert.deepEqual(sorted, expected, `${type} ${name}`);
    };
    await f('one', 'A', {host: '10.0.0.1'}, {host: '10.0.0.2'});
    await f('alias.narthex.test', 'A', {host: '10.0.0.1'}, {host: '10.0.0.2'});
    await f('one.narthex.test.', 'AAAA', {host: 'fd00::1'});
    await f('_metrics._tcp', 'SRV', {host: 'one.narthex.test', port: 9100});
    await f('narthex.test', 'MX', {host: 'mail.narthex.test'});
    await f('narthex.test', 'NS', {host: 'ns1.narthex.test'});
    await f('none.narthex.test', 'A');
    await f('one', 'SRV');
    await assert.rejects(resolverOf('127.0.0.1:1').lookup('one', 'A'), /could not resolve "one"/);
  } finally {
    await stopProgram(server);
  }
});
