/** What a topology document changes that is the same as the one before. */
export const noDocumentChanges = {
  networks_added: [],
  networks_removed: [],
  networks_renamed: [],
  networks_changed: [],
  networks_reordered: [],
  groups_added: [],
  groups_removed: [],
  groups_renamed: [],
  groups_changed: [],
};

/** What a dry run answers of it. */
export const noChanges = {
  ...noDocumentChanges,
  hosts_added: [],
  hosts_moved: [],
  hosts_unlisted: [],
};
