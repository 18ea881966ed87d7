/** What a dry run answers where a topology document changes nothing. */
export const noChanges = {
  networks_added: [],
  networks_removed: [],
  networks_renamed: [],
  networks_changed: [],
  networks_reordered: [],
  groups_added: [],
  groups_removed: [],
  groups_renamed: [],
  groups_changed: [],
  hosts_added: [],
  hosts_moved: [],
  hosts_unlisted: [],
};
