// Whether the server is there and ready: a badge always, a banner with more words when it is not.
import {Tooltip} from '@mantine/core';
import {IconPlugConnectedX, IconRefresh} from '@tabler/icons-react';
import {useEffect, useRef, type ReactNode} from 'react';
import {queryClient, useReadiness, useWalReplay} from '../api/queries.ts';
import type {Readiness} from '../api/client.ts';
import type {PlainMessageKey} from '../i18n/messages.en.ts';
import {useMessages} from '../i18n/use-messages.ts';

const titles: Record<Readiness, PlainMessageKey> = {
  ready: 'ready.ready',
  starting: 'ready.starting',
  offline: 'ready.offline',
};

export function ReadinessBadge(): ReactNode {
  const {t} = useMessages();
  const readiness = useReadiness();
  const badge = (
    <span className="nx-readiness" data-state={readiness} role="status">
      {t(readiness === undefined ? 'ready.unknown' : titles[readiness])}
    </span>
  );
  if (readiness === undefined || readiness === 'ready') return badge;
  return (
    <Tooltip label={t(readiness === 'starting' ? 'ready.startingHelp' : 'ready.offlineHelp')}>
      {badge}
    </Tooltip>
  );
}

export function ReadinessBanner(): ReactNode {
  const {t} = useMessages();
  const readiness = useReadiness();
  const replay = useWalReplay(readiness === 'starting');
  useRefreshWhenBack(readiness);
  if (readiness === undefined || readiness === 'ready') return null;
  if (readiness === 'offline') {
    return (
      <div className="nx-banner" data-state="offline" role="alert">
        <IconPlugConnectedX size={18} aria-hidden />
        {t('ready.offlineHelp')}
      </div>
    );
  }
  return (
    <div className="nx-banner" data-state="starting" role="alert">
      <IconRefresh size={18} aria-hidden />
      {replay !== undefined && replay.max > 0
        ? t(`ready.replay.${replay.phase ?? 'log'}`, {current: replay.current, max: replay.max})
        : t('ready.startingHelp')}
    </div>
  );
}

/** What failed while the server was away is asked again as soon as it is back. */
function useRefreshWhenBack(readiness: Readiness | undefined): void {
  const before = useRef(readiness);
  useEffect(() => {
    const wasAway = before.current === 'offline' || before.current === 'starting';
    before.current = readiness;
    if (wasAway && readiness === 'ready') {
      void queryClient.invalidateQueries({predicate: ({queryKey}) => queryKey[0] !== 'readiness'});
    }
  }, [readiness]);
}
