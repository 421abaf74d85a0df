// The switches of time zone, language and theme: in the header, or as rows of buttons in the narrow menu.
import {
  ActionIcon,
  Menu,
  SegmentedControl,
  Tooltip,
  useMantineColorScheme,
  type MantineColorScheme,
} from '@mantine/core';
import {IconDeviceDesktop, IconLanguage, IconMoon, IconSun, type Icon} from '@tabler/icons-react';
import type {ReactNode} from 'react';
import {zoneName, type TimeZone} from '../format/time.ts';
import {usePreference} from '../base/preference.ts';
import {languageNames, languages, type Language} from '../i18n/language.ts';
import type {PlainMessageKey} from '../i18n/messages.en.ts';
import {chosenLanguage, useMessages} from '../i18n/use-messages.ts';
import {timeZone} from '../base/time-zone.ts';

const themes: readonly {scheme: MantineColorScheme; title: PlainMessageKey; icon: Icon}[] = [
  {scheme: 'light', title: 'theme.light', icon: IconSun},
  {scheme: 'dark', title: 'theme.dark', icon: IconMoon},
  {scheme: 'auto', title: 'theme.auto', icon: IconDeviceDesktop},
];

export function LanguageMenu(): ReactNode {
  const {t, language} = useMessages();
  const [, choose] = usePreference(chosenLanguage);
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon size="lg" aria-label={t('language.title')} title={t('language.title')}>
          <IconLanguage size={19} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup value={language} onChange={(value) => choose(value as Language)}>
          {languages.map((item) => (
            <Menu.RadioItem key={item} value={item} lang={item} closeMenuOnClick>
              {languageNames[item]}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

export function ThemeMenu(): ReactNode {
  const {t} = useMessages();
  const {colorScheme, setColorScheme} = useMantineColorScheme();
  const Current = themes.find(({scheme}) => scheme === colorScheme)?.icon ?? IconDeviceDesktop;
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon size="lg" aria-label={t('theme.title')} title={t('theme.title')}>
          <Current size={19} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(value) => setColorScheme(value as MantineColorScheme)}
        >
          {themes.map(({scheme, title}) => (
            <Menu.RadioItem key={scheme} value={scheme} closeMenuOnClick>
              {t(title)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

export function LanguageChoice(): ReactNode {
  const {t, language} = useMessages();
  const [, choose] = usePreference(chosenLanguage);
  return (
    <SegmentedControl
      fullWidth
      aria-label={t('language.title')}
      value={language}
      onChange={(value) => choose(value as Language)}
      data={languages.map((item) => ({value: item, label: languageNames[item]}))}
    />
  );
}

export function ThemeChoice(): ReactNode {
  const {t} = useMessages();
  const {colorScheme, setColorScheme} = useMantineColorScheme();
  return (
    <SegmentedControl
      fullWidth
      orientation="vertical"
      aria-label={t('theme.title')}
      value={colorScheme}
      onChange={(value) => setColorScheme(value as MantineColorScheme)}
      data={themes.map(({scheme, title}) => ({value: scheme, label: t(title)}))}
    />
  );
}

export function ZoneChoice({fullWidth = false}: {fullWidth?: boolean}): ReactNode {
  const {t} = useMessages();
  const [zone, setZone] = usePreference(timeZone);
  return (
    <Tooltip label={`${t('query.timeZone')}: ${zoneName(zone, Date.now())}`}>
      <SegmentedControl
        size={fullWidth ? 'sm' : 'xs'}
        fullWidth={fullWidth}
        aria-label={t('query.timeZone')}
        value={zone}
        onChange={(value) => setZone(value as TimeZone)}
        data={[
          {value: 'local', label: t('query.timeZone.local')},
          {value: 'utc', label: t('query.timeZone.utc')},
        ]}
      />
    </Tooltip>
  );
}
