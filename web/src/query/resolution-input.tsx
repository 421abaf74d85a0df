// How far apart the points of a graph are.
import {NativeSelect, TextInput} from '@mantine/core';
import {useState, type ReactNode} from 'react';
import {formatDuration} from '../../../src/model/duration.ts';
import {isEnter} from '../base/keys.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {fixedStepsMs, stepMsOf, type Density, type Resolution} from './panel.ts';
import {readRange} from './range-input.tsx';

interface ResolutionInputProps {
  resolution: Resolution;
  rangeMs: number;
  onChange: (resolution: Resolution) => void;
}

export function ResolutionInput({resolution, rangeMs, onChange}: ResolutionInputProps): ReactNode {
  const {t} = useMessages();
  const [draft, setDraft] = useState<string | null>(null);
  const stepMs = stepMsOf(resolution, rangeMs);
  const read = draft === null ? stepMs : readRange(draft);
  const choice =
    resolution.kind === 'auto' ? resolution.density : resolution.kind === 'fixed' ? String(stepMs) : 'custom';

  const choose = (value: string): void => {
    setDraft(null);
    if (value === 'custom') onChange({kind: 'custom', stepMs});
    else if (value === 'low' || value === 'medium' || value === 'high')
      onChange({kind: 'auto', density: value});
    else onChange({kind: 'fixed', stepMs: Number(value)});
  };
  const commit = (): void => {
    if (draft === null || read === undefined) return;
    setDraft(null);
    if (read !== stepMs) onChange({kind: 'custom', stepMs: read});
  };
  const densities: Density[] = ['low', 'medium', 'high'];
  const steps =
    resolution.kind === 'fixed' && !fixedStepsMs.includes(stepMs) ? [...fixedStepsMs, stepMs] : fixedStepsMs;
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label={t('resolution.label')}
        value={choice}
        onChange={(event) => choose(event.currentTarget.value)}
        data={[
          {
            group: t('resolution.auto'),
            items: densities.map((density) => ({
              value: density,
              label: `${t(`resolution.${density}`)} (${formatDuration(stepMsOf({kind: 'auto', density}, rangeMs))})`,
            })),
          },
          {
            group: t('resolution.fixedGroup'),
            items: [
              ...steps.map((fixed) => ({
                value: String(fixed),
                label: t('resolution.fixed', {step: formatDuration(fixed)}),
              })),
              {value: 'custom', label: t('resolution.custom')},
            ],
          },
        ]}
      />
      {resolution.kind === 'custom' ? (
        <TextInput
          size="xs"
          w={80}
          aria-label={t('resolution.customLabel')}
          error={read === undefined}
          value={draft ?? formatDuration(stepMs)}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onBlur={commit}
          onKeyDown={(event) => isEnter(event) && commit()}
        />
      ) : null}
    </>
  );
}
