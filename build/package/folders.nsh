; "Open with SAIM Studio" on folders: a run folder opens as that run, any other as a data set.
!macro customInstall
  WriteRegStr SHCTX "Software\Classes\Directory\shell\SAIM Studio" "" "Open with SAIM Studio"
  WriteRegStr SHCTX "Software\Classes\Directory\shell\SAIM Studio" "Icon" "$INSTDIR\${APP_EXECUTABLE_FILENAME}"
  WriteRegStr SHCTX "Software\Classes\Directory\shell\SAIM Studio\command" "" '"$INSTDIR\${APP_EXECUTABLE_FILENAME}" "%1"'
!macroend

!macro customUnInstall
  DeleteRegKey SHCTX "Software\Classes\Directory\shell\SAIM Studio"
!macroend
