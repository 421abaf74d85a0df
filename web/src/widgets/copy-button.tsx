import {ActionIcon, Tooltip} from '@mantine/core';
import {IconCheck, IconCopy} from '@tabler/icons-react';
import {useEffect, useState, type ReactNode} from 'react';
import {copyText} from '../base/clipboard.ts';
import {useMessages} from '../i18n/use-messages.ts';

const shownMs = 1500;

/** Whether something was copied in the last moments, and the function that copies. */
export function useCopy(): [copied: boolean, copy: (text: string) => void] {
  const [copiedAt, setCopiedAt] = useState(0);
  useEffect(() => {
    if (copiedAt === 0) return undefined;
    const timer = setTimeout(() => setCopiedAt(0), shownMs);
    return () => clearTimeout(timer);
  }, [copiedAt]);
  const copy = (text: string): void => {
    void copyText(text).then((ok) => ok && setCopiedAt(Date.now()));
  };
  return [copiedAt !== 0, copy];
}

interface CopyIconProps {
  value: string;
  label: string;
}

/** Copies `value`, and shows for a moment that it did. */
export function CopyIcon({value, label}: CopyIconProps): ReactNode {
  const {t} = useMessages();
  const [copied, copy] = useCopy();
  return (
    <Tooltip label={copied ? t('common.copied') : label}>
      <ActionIcon onClick={() => copy(value)} aria-label={label} color={copied ? 'fennel' : 'gray'}>
        {copied ? <IconCheck size={17} /> : <IconCopy size={17} />}
      </ActionIcon>
    </Tooltip>
  );
}
