// Says how often a page refreshes itself, and stops it.
import './refresh-state.css';
import {ActionIcon, Tooltip} from '@mantine/core';
import {IconPlayerPause, IconPlayerPlay} from '@tabler/icons-react';
import type {ReactNode} from 'react';
import {formatSpan} from '../format/span.ts';
import {useMessages} from '../i18n/use-messages.ts';

interface RefreshStateProps {
  intervalMs: number;
  paused: boolean;
  onChange: (paused: boolean) => void;
}

export function RefreshState({intervalMs, paused, onChange}: RefreshStateProps): ReactNode {
  const {t, span} = useMessages();
  const label = t(paused ? 'refresh.resume' : 'refresh.pause');
  return (
    <div className="nx-inline-note">
      {paused ? t('refresh.paused') : t('refresh.every', {span: formatSpan(intervalMs, span)})}
      <Tooltip label={label}>
        <ActionIcon aria-label={label} onClick={() => onChange(!paused)}>
          {paused ? <IconPlayerPlay size={17} /> : <IconPlayerPause size={17} />}
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
