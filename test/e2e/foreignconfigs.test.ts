// Configurations that others run, kept beside the repository: each loads and runs, or is refused by naming what is missing.
import assert from 'node:assert/strict';
import test from 'node:test';
import {formatConfig, parseConfig} from '../../src/config/config.ts';
import {foreignConfigs, foreignFolder} from '../lib/foreignconfigs.ts';
import {startNarthex} from '../lib/narthex.ts';

test(
  'configurations of others load and run, or the missing mechanism is named',
  {timeout: 300_000},
  async (t) => {
    const configs = foreignConfigs();
    if (configs.length === 0) return t.skip(`no configurations in ${foreignFolder}`);
    const running: string[] = [];
    const refused: string[] = [];
    for (const {path: file, text} of configs) {
      try {
        // What is shown is a configuration again, and the same one.
        const shown = formatConfig(parseConfig(text, {file: '/prometheus.yml', variables: {}}));
        const hidden = shown.replaceAll('<secret>', 'secret');
        assert.equal(
          formatConfig(parseConfig(hidden, {file: '/prometheus.yml', variables: {}})),
          shown,
          file,
        );
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        assert.match(error.message, /service discovery with [a-z0-9]+ is not supported yet/, file);
        for (const {message} of (error as unknown as {problems: {message: string}[]}).problems)
          assert.match(message, /^service discovery with [a-z0-9]+ is not supported yet/, file);
        refused.push(file);
        continue;
      }
      const narthex = await startNarthex({config: text});
      try {
        const response = await fetch(`${narthex.url}/api/v1/targets`);
        assert.equal(response.status, 200, file);
        running.push(file);
      } finally {
        await narthex.stop();
      }
    }
    t.diagnostic(`${running.length} run: ${running.join(', ')}`);
    t.diagnostic(`${refused.length} are refused: ${refused.join(', ')}`);
    assert.ok(running.length >= 8, `${running.length} configurations run`);
  },
);
